import Foundation
import Subprocess
import SystemPackage
import Testing

@testable import MirrorPlanner

/// A real containerd, of which only `config dump` and `--version` are run.
struct ContainerdOracle: Sendable, CustomTestStringConvertible {
    /// The variable that names its program.
    let variable: String
    /// Where its releases are called so.
    let name: String

    var testDescription: String { name }

    static let all = [
        ContainerdOracle(variable: "TEST_ASSET_CONTAINERD_1_6", name: "containerd 1.6"),
        ContainerdOracle(variable: "TEST_ASSET_CONTAINERD_1_7", name: "containerd 1.7"),
        ContainerdOracle(variable: "TEST_ASSET_CONTAINERD_2", name: "containerd 2"),
    ]

    struct Missing: Error, CustomStringConvertible {
        let description: String
    }

    func program() throws -> String {
        guard let path = ProcessInfo.processInfo.environment[variable], !path.isEmpty else {
            throw Missing(description: "\(variable) must name a containerd: run hack/oracle, which gets one")
        }
        return path
    }

    /// The release that it says it is.
    func release() async throws -> ContainerdVersion {
        let said = try await run(["--version"], in: "/")
        let word = said.output.split(separator: " ").first { $0.first?.isNumber == true } ?? ""
        guard let release = ContainerdVersion(runtimeVersion: "containerd://\(word)") else {
            throw Missing(description: "\(variable): \"containerd --version\" names no release: \(said.output)")
        }
        return release
    }

    /// - Parameter directory: the one that it runs in; systemd starts it in the root.
    func run(_ arguments: [String], in directory: String) async throws -> (status: Int32, output: String, error: String)
    {
        let result = try await Subprocess.run(
            .path(FilePath(try program())),
            arguments: Arguments(arguments),
            workingDirectory: FilePath(directory),
            output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20)
        )
        var status: Int32 = -1
        if case .exited(let code) = result.terminationStatus { status = Int32(code) }
        return (status, result.standardOutput, result.standardError)
    }

    /// What it makes of a file and its imports; nil where it does not load them.
    func dump(_ main: String) async throws -> (view: ContainerdDump?, error: String) {
        let said = try await run(["--config", main, "config", "dump"], in: "/")
        guard said.status == 0 else { return (nil, said.error) }
        return (try ContainerdDump(dump: said.output), said.error)
    }
}

/// What two views of one configuration are compared by.
struct ContainerdDump: Equatable {
    var values: [String: String] = [:]

    /// - Parameter dump: what `containerd config dump` prints.
    init(dump: String) throws {
        let document = try TOMLReader.read(Array(dump.utf8))
        let isFirst = document["version"]?.integer == 2
        let plugins = document["plugins"]?.table ?? TOMLTable()
        // Of a plugin that is switched off it prints the table as it is written.
        let disabled = Set((document["disabled_plugins"]?.array ?? []).compactMap(\.string))
        values["disabled"] = Self.list(disabled)
        if isFirst { values["files"] = Self.list(Set((document["imports"]?.array ?? []).compactMap(\.string))) }
        let first = plugins[ContainerdFile.criPlugin]?.table
        let plugin = { (name: String) in disabled.contains(name) ? nil : plugins[name]?.table }
        if let images = isFirst ? first : plugin(ContainerdFile.imagesPlugin) {
            add(images, images[path: "registry"]?.table, isFirst ? images["containerd"]?.table : images)
        }
        if let runtime = isFirst ? first : plugin(ContainerdFile.runtimePlugin) {
            let containerd = runtime["containerd"]?.table
            values["runtimes"] = Self.list(Set(containerd?["runtimes"]?.table?.keys ?? []))
            values["default_runtime_name"] = containerd?["default_runtime_name"]?.string ?? ""
        }
    }

    private mutating func add(_ images: TOMLTable, _ registry: TOMLTable?, _ nested: TOMLTable?) {
        values["config_path"] = registry?["config_path"]?.string ?? ""
        for key in ["mirrors", "configs", "auths"] { values[key] = Self.list(Set(registry?[key]?.table?.keys ?? [])) }
        let configs = registry?["configs"]?.table ?? TOMLTable()
        values["tls"] = Self.list(Set(configs.keys.filter { configs[path: $0, "tls"] != nil }))
        for key in ContainerdMigration.nestedKeys { values[key] = nested?[key].map { "\($0)" } ?? "" }
        for key in ["max_concurrent_downloads", "use_local_image_pull", "image_pull_with_sync_fs"] {
            if let value = images[key] { values[key] = "\(value)" }
        }
        if let value = images["image_pull_progress_timeout"] { values["image_pull_progress_timeout"] = "\(value)" }
    }

    /// What we make of the same files.
    init(_ configuration: ContainerdConfiguration, _ plugins: ContainerdPlugins, _ files: [String]) {
        let isFirst = plugins.line == .replacing
        values["disabled"] = Self.list(configuration.disabled)
        if isFirst { values["files"] = Self.list(Set(files)) }
        let isOff = { (plugin: String) in configuration.disabled.contains(plugin) }
        if isFirst ? plugins.switchedOff == nil : !isOff(ContainerdFile.imagesPlugin) { add(plugins) }
        if isFirst ? plugins.switchedOff == nil : !isOff(ContainerdFile.runtimePlugin) {
            values["runtimes"] = Self.list(plugins.runtimes)
            values["default_runtime_name"] = plugins.defaultRuntime
        }
    }

    private mutating func add(_ plugins: ContainerdPlugins) {
        values["config_path"] = plugins.writtenPath
        for key in ["mirrors", "configs", "auths"] {
            values[key] = Self.list(Set(plugins.registry(key)?.table?.keys ?? []))
        }
        let configs = plugins.registry("configs")?.table ?? TOMLTable()
        let withTLS = configs.keys.filter { plugins.line == .replacing && plugins.field(configs[$0], "tls") != nil }
        values["tls"] = Self.list(Set(withTLS))
        let defaults: [(String, TOMLValue, ContainerdVersion)] = [
            ("snapshotter", .string("overlayfs"), ContainerdVersion(major: 1, minor: 0)),
            ("disable_snapshot_annotations", .boolean(true), ContainerdVersion(major: 1, minor: 0)),
            ("discard_unpacked_layers", .boolean(false), ContainerdVersion(major: 1, minor: 0)),
            ("max_concurrent_downloads", .integer(3), ContainerdVersion(major: 1, minor: 0)),
            ("image_pull_with_sync_fs", .boolean(false), ContainerdVersion(major: 1, minor: 7)),
            ("image_pull_progress_timeout", .string("5m0s"), ContainerdVersion(major: 1, minor: 7)),
            ("use_local_image_pull", .boolean(false), .transferring),
        ]
        for (key, value, first) in defaults where plugins.release.map({ $0 >= first }) == true {
            values[key] = "\(plugins.image(key) ?? value)"
        }
    }

    private static func list(_ names: Set<String>) -> String { names.sorted().joined(separator: " | ") }

    /// Settings in which two views differ.
    func differences(_ other: ContainerdDump) -> [String] {
        Set(values.keys).union(other.values.keys).sorted().compactMap { key in
            let (left, right) = (values[key] ?? "absent", other.values[key] ?? "absent")
            return left == right ? nil : "\(key): containerd has \(left), we have \(right)"
        }
    }
}
