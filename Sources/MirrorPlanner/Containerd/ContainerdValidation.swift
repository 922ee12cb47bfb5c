/// What keeps containerd's CRI from being loaded (containerd `internal/cri/config/config.go`, `ValidateImageConfig`,
/// `ValidateRuntimeConfig` and `ValidateServerConfig`; in containerd 1 `pkg/cri/config/config.go`,
/// `ValidatePluginConfig`), but for what depends on the host's kernel.
struct ContainerdValidation {
    private let plugins: ContainerdPlugins

    init(_ plugins: ContainerdPlugins) { self.plugins = plugins }

    /// The first refusal, without its file.
    var refusal: ContainerdRefusal? {
        switchedOff ?? registries ?? authorizations ?? runtimes ?? eachRuntime ?? network ?? durations
    }

    private var switchedOff: ContainerdRefusal? {
        plugins.switchedOff.map {
            ContainerdRefusal(.plugin, "disabled_plugins names \($0)", cure: "take it out of that list")
        }
    }

    private var registries: ContainerdRefusal? {
        guard !plugins.path.isEmpty, !plugins.conflicting.isEmpty else { return nil }
        let tables = plugins.conflicting.map { "registry.\($0)" }.joined(separator: " and ")
        let beside = plugins.writtenPath.isEmpty ? "config_path, which has a default in this release" : "config_path"
        return ContainerdRefusal(.plugin, "\(tables) stands beside \(beside)", cure: "remove \(tables)")
    }

    private var authorizations: ContainerdRefusal? {
        guard let auths = plugins.registry("auths")?.table, !auths.keys.allSatisfy(ContainerdForm.isURL) else {
            return nil
        }
        return ContainerdRefusal(
            .plugin,
            "registry.auths has a key that is no URL",
            cure: "write it with its scheme, such as https://registry.example.com:5000"
        )
    }

    private var runtimes: ContainerdRefusal? {
        var names = plugins.runtimes
        var name = plugins.defaultRuntime
        if plugins.line == .replacing {
            if hasType("untrusted_workload_runtime") {
                if names.contains("untrusted") {
                    return ContainerdRefusal(
                        .plugin,
                        "untrusted_workload_runtime stands beside runtimes.untrusted",
                        cure: "remove the first"
                    )
                }
                names.insert("untrusted")
            }
            if hasType("default_runtime") {
                names.insert("default")
                name = "default"
            }
        }
        guard !names.contains(name) else { return nil }
        let what =
            name.isEmpty ? "default_runtime_name is empty" : "default_runtime_name names a runtime that is not there"
        return ContainerdRefusal(.plugin, what, cure: "name one of the tables below containerd.runtimes")
    }

    private func hasType(_ runtime: String) -> Bool {
        plugins.field(plugins.runtime("containerd", runtime), "runtime_type")?.string?.isEmpty == false
    }

    /// What runtimes have that others do not allow.
    private var eachRuntime: ContainerdRefusal? {
        let tables = plugins.runtime("containerd", "runtimes")?.table ?? TOMLTable()
        if plugins.line == .replacing, let refusal = oldSettings(tables) { return refusal }
        let isOldest = plugins.release.map { $0 < ContainerdVersion(major: 1, minor: 7) } == true
        for key in tables.keys {
            let has = { (name: String) in plugins.field(tables[key], name)?.boolean == true }
            if !isOldest, has("privileged_without_host_devices_all_devices_allowed"),
                !has("privileged_without_host_devices")
            {
                return ContainerdRefusal(
                    .plugin,
                    "a runtime has privileged_without_host_devices_all_devices_allowed without "
                        + "privileged_without_host_devices",
                    cure: "set both or none"
                )
            }
            let streams = plugins.field(tables[key], "io_type")?.string ?? ""
            if plugins.line != .replacing, !["", "fifo", "streaming"].contains(streams) {
                return ContainerdRefusal(.plugin, "io_type of a runtime is neither fifo nor streaming", cure: "mend it")
            }
        }
        return nil
    }

    /// Settings of a runtime that containerd 1 has no more.
    private func oldSettings(_ tables: TOMLTable) -> ContainerdRefusal? {
        let former = "io.containerd.runtime.v1.linux"
        let isFormer = { (key: String) in plugins.field(tables[key], "runtime_type")?.string == former }
        for key in tables.keys where !isFormer(key) {
            for name in ["runtime_engine", "runtime_root"]
            where plugins.field(tables[key], name)?.string?.isEmpty == false {
                return ContainerdRefusal(
                    .plugin,
                    "\(name) stands in a runtime that is not \(former)",
                    cure: "remove it"
                )
            }
        }
        guard !isFormer(plugins.defaultRuntime), !hasType("default_runtime") else { return nil }
        for (name, value) in [
            ("systemd_cgroup", plugins.setting("systemd_cgroup")),
            ("containerd.no_pivot", plugins.runtime("containerd", "no_pivot")),
        ] where value?.boolean == true {
            return ContainerdRefusal(.plugin, "\(name) is true, and works for \(former) alone", cure: "remove it")
        }
        return nil
    }

    private var network: ContainerdRefusal? {
        guard let release = plugins.release, release >= .transferring,
            plugins.runtime("cni", "bin_dir")?.string?.isEmpty == false,
            let several = plugins.runtime("cni", "bin_dirs")?.array, !several.isEmpty,
            several != [.string("/opt/cni/bin")]
        else { return nil }
        return ContainerdRefusal(.plugin, "cni.bin_dir stands beside cni.bin_dirs", cure: "remove the first")
    }

    private var durations: ContainerdRefusal? {
        var settings = [
            ("stream_idle_timeout", plugins.setting("stream_idle_timeout")),
            ("drain_exec_sync_io_timeout", plugins.setting("drain_exec_sync_io_timeout")),
        ]
        if plugins.release.map({ $0 >= ContainerdVersion(major: 1, minor: 7) }) != false {
            settings.append(("image_pull_progress_timeout", plugins.image("image_pull_progress_timeout")))
        }
        for (name, value) in settings {
            guard let text = value?.string, !text.isEmpty, !ContainerdForm.isDuration(text) else { continue }
            return ContainerdRefusal(.plugin, "\(name) is no duration", cure: "write one such as 5m0s")
        }
        return nil
    }
}

/// Forms of texts that Go reads.
enum ContainerdForm {
    /// Whether Go's `time.ParseDuration` reads a text.
    static func isDuration(_ text: String) -> Bool {
        let signless = text.first == "+" || text.first == "-" ? text.dropFirst() : text[...]
        if signless == "0" { return true }
        return signless.wholeMatch(of: /(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+/) != nil
    }

    /// Whether Go's `url.Parse` reads a text, as far as keys of registries come near to what it refuses.
    static func isURL(_ text: String) -> Bool {
        guard text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else { return false }
        if text.isEmpty { return true }
        var rest = text.prefix { $0 != "#" }
        if let end = rest.firstIndex(where: { !isOfScheme($0) }), rest[end] == ":" {
            guard end > rest.startIndex else { return false }
            if rest.first?.isLetter == true { rest = rest[rest.index(after: end)...] }
        }
        rest = rest.prefix { $0 != "?" }
        let hadScheme = rest.startIndex > text.startIndex
        if rest.hasPrefix("//"), hadScheme || !rest.hasPrefix("///") {
            let authority = rest.dropFirst(2).prefix { $0 != "/" }
            return isAuthority(authority)
        }
        // Without a scheme a first part with a colon would be taken for one.
        return hadScheme || rest.first == "/" || !rest.prefix { $0 != "/" }.contains(":")
    }

    private static func isOfScheme(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber || "+-.".contains(character))
    }

    private static func isAuthority(_ authority: Substring) -> Bool {
        let host = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        guard !host.contains(where: { " <>\"\\^`{|}".contains($0) }) else { return false }
        let end = host.hasPrefix("[") ? host.lastIndex(of: "]") : host.startIndex
        guard let end, let colon = host[end...].lastIndex(of: ":") else { return end != nil }
        return host[host.index(after: colon)...].allSatisfy { $0.isASCII && $0.isNumber }
    }
}
