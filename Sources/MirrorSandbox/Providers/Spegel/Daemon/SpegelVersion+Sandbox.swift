package import MirrorPlanner

extension SpegelVersion {
    /// Reads the tag of an image, such as `ghcr.io/spegel-org/spegel:v0.7.4`, with or without a digest; nil where there
    /// is none.
    package init?(image: String) {
        let name = image.prefix { $0 != "@" }
        guard let colon = name.lastIndex(of: ":"), name[colon...].allSatisfy({ $0 != "/" }) else { return nil }
        self.init(String(name[name.index(after: colon)...].prefix { $0 != "-" }))
    }

    /// How many of the addresses that DNS gives are tried (`NewDNSBootstrapper`: 10 in v0.5.1, 3 from v0.6.0 on).
    package var bootstrapLimit: Int { isReadyAlone ? 10 : 3 }
}
