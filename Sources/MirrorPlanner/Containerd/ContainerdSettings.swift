/// What containerd makes of its files, as far as a mirror depends on it.
package struct ContainerdSettings: Hashable, Sendable {
    /// What `config_path` is without one, since containerd 2.2.
    package static let defaultConfigPath = "/etc/containerd/certs.d:/etc/docker/certs.d"

    /// Why containerd would not work with these files at its next start; nil where it would. Where it would not even
    /// start, nothing else is known.
    package private(set) var refusal: ContainerdRefusal?
    /// `config_path` as it is written; nil where it is absent or empty.
    package private(set) var writtenConfigPath: String?
    /// `config_path` as it holds, the default of the release among it.
    package private(set) var configPath: String?
    /// The file that has the last word on `config_path`.
    package private(set) var configPathFile: String?
    /// Why no `config_path` is in force.
    private(set) var cause: ContainerdCause?
    /// Whether layers are dropped once they are unpacked; the default is that they are kept.
    package private(set) var discardsLayers = false
    /// The file that has that done; nil where they are kept.
    package private(set) var discardsFile: String?
    /// Whether pulls of the kubelet take `config_path` for one path, though it may be a list.
    package private(set) var takesListForOne = false
    /// Tables that containerd refuses beside a `config_path`, and the file that brings them in.
    private(set) var conflicting: (tables: [String], file: String)? {
        get { conflictingTables.isEmpty ? nil : (conflictingTables, conflictingFile) }
        set { (conflictingTables, conflictingFile) = newValue ?? ([], "") }
    }
    private var conflictingTables: [String] = []
    private var conflictingFile = ""
    /// How its files become one configuration, and the version that holds for it.
    let line: ContainerdLine
    private(set) var version: Int

    /// - Parameter version: nil where it is not known; then the version of the first file decides.
    package init(_ files: [ContainerdFile], version release: ContainerdVersion?) {
        line = ContainerdLine(release, fileVersion: files.first?.version ?? 0)
        let steps = Self.steps(files, release)
        version = files.first?.version ?? 0
        switch steps.last {
        case nil: break
        case .failure(var refusal):
            if refusal.file.isEmpty { refusal.file = Self.file(files, steps) { $0 == .failure(refusal) } }
            self.refusal = refusal
        case .success(let plugins): read(plugins, files, steps)
        }
    }

    private typealias Step = Result<ContainerdPlugins, ContainerdRefusal>

    /// What comes out after each of the files: where it changes, that file is the cause.
    private static func steps(_ files: [ContainerdFile], _ release: ContainerdVersion?) -> [Step] {
        files.indices.map { index in
            do throws(ContainerdRefusal) {
                let configuration = try ContainerdConfiguration(Array(files[...index]), release)
                return .success(try ContainerdPlugins(configuration, release))
            } catch {
                return .failure(error)
            }
        }
    }

    /// The file since which something holds without a break.
    private static func file(_ files: [ContainerdFile], _ steps: [Step], _ holds: (Step) -> Bool) -> String {
        let broken = steps.lastIndex { !holds($0) }
        let first = broken.map { $0 + 1 } ?? 0
        return files.indices.contains(first) ? files[first].path : files.last?.path ?? ""
    }

    private mutating func read(_ plugins: ContainerdPlugins, _ files: [ContainerdFile], _ steps: [Step]) {
        let file = { (holds: @escaping (ContainerdPlugins) -> Bool) in
            Self.file(files, steps) { (try? $0.get()).map(holds) == true }
        }
        version = plugins.version
        refusal = ContainerdValidation(plugins).refusal
        if let what = refusal?.what {
            refusal?.file = file { ContainerdValidation($0).refusal?.what == what }
        }
        let path = plugins.path
        configPath = path.isEmpty ? nil : path
        writtenConfigPath = plugins.writtenPath.isEmpty ? nil : plugins.writtenPath
        if let written = writtenConfigPath {
            let writers = files.filter { $0.configPaths.contains { $0.path == written } }
            configPathFile = writers.last?.path ?? file { $0.writtenPath == written }
        } else {
            cause = ContainerdCause(files, steps.map { try? $0.get() })
        }
        discardsLayers = plugins.discardsLayers
        if discardsLayers { discardsFile = file(\.discardsLayers) }
        takesListForOne = plugins.release.map { $0 >= .transferring } == true && !plugins.pullsLocally
        let tables = plugins.conflicting
        if !tables.isEmpty { conflicting = (tables, file { $0.conflicting == tables }) }
    }

    /// The directories that are looked through for a registry's `hosts.toml`, in containerd's order.
    package var roots: [String] { (configPath ?? "").split(separator: ":").map { ContainerdPath.clean(String($0)) } }

    /// The plugin in whose table `config_path` belongs.
    var plugin: String {
        switch line {
        case .replacing: version == 1 ? ContainerdFile.oldPlugin : ContainerdFile.criPlugin
        case .merging: version < 3 ? ContainerdFile.criPlugin : ContainerdFile.imagesPlugin
        case .migratingFiles: ContainerdFile.imagesPlugin
        }
    }
}
