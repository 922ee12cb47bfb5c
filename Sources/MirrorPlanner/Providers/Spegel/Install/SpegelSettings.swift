import KubeCore
import MirrorAPI

/// What the pods of an installation run with.
struct SpegelSettings: Hashable {
    let install: P2PMirrorSpec.Install
    /// The release; nil where `version` is none, which the schema forbids.
    let version: SpegelVersion?
    /// In the form that Spegel takes: with a scheme, or a wildcard (spegel `pkg/oci/image.go`); empty for all.
    let registries: [String]
    /// What is logged now.
    let logLevel: SpegelLogLevel

    init(_ spec: P2PMirrorSpec, _ install: P2PMirrorSpec.Install, now: Timestamp) {
        self.install = install
        version = SpegelVersion(install.version)
        let isAll = spec.registries.contains { $0 == "*" || $0 == "_default" }
        registries = isAll ? [] : spec.registries.sorted().map { "https://\($0)" }
        logLevel = install.debugUntil.map { $0 > now } == true ? .debug : install.logLevel
    }

    var image: String {
        install.imageDigest.map { "\(install.image)@\($0)" } ?? "\(install.image):\(install.version)"
    }

    /// Stands for all of the settings that a pod must be replaced for.
    ///
    /// It is made of what the administrator chose and not of what is rendered from it: another release of the operator,
    /// which renders otherwise, replaces no pod. A setting that comes later must be named here only where it is not at
    /// its default.
    var revision: String {
        let fallback = P2PMirrorSpec.Install()
        var lines = ["image=\(image)", "version=\(install.version)", "registries=\(registries.joined(separator: ","))"]
        func add(_ name: String, _ value: some Equatable, _ usual: some Equatable) {
            if "\(value)" != "\(usual)" { lines.append("\(name)=\(value)") }
        }
        add("requests.cpu", install.resources.requests.cpu ?? "", "")
        add("requests.memory", install.resources.requests.memory ?? "", "128Mi")
        add("limits.cpu", install.resources.limits.cpu ?? "", "")
        add("limits.memory", install.resources.limits.memory ?? "", "128Mi")
        add("resolveTags", install.resolveTags, fallback.resolveTags)
        add("prependExisting", install.prependExisting, fallback.prependExisting)
        add("dataDirectory", install.dataDirectory, fallback.dataDirectory)
        add("socket", install.containerd.socket, fallback.containerd.socket)
        add("configPath", install.containerd.registryConfigPath, fallback.containerd.registryConfigPath)
        add("contentPath", install.containerd.contentPath, fallback.containerd.contentPath)
        add("namespace", install.containerd.namespace, fallback.containerd.namespace)
        add("logLevel", logLevel.rawValue, fallback.logLevel.rawValue)
        return StableHash.short(lines.joined(separator: "\n"))
    }
}
