import MirrorAPI

extension Provider {
    /// What an agent does on a node of such a mirror. The one switch of this target over providers: one that is added
    /// does not compile before it has an answer.
    var duty: any HostDuty {
        switch self {
        case .rke2, .k3s: ServiceDuty()
        case .spegel: ContainerdDuty()
        case .dragonfly: NoDuty()
        }
    }
}
