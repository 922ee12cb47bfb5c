package import MirrorAPI

extension Provider {
    /// What is known of the provider. The one switch of this target over providers: one that is added does not compile
    /// before it has an answer.
    package var rules: any ProviderRules {
        switch self {
        case .rke2: RancherRules(.rke2)
        case .k3s: RancherRules(.k3s)
        case .spegel: SpegelRules()
        case .dragonfly: DragonflyRules()
        }
    }
}
