/// The type of a setting, and those of what stands below it: containerd does not start with another one.
indirect enum ContainerdShape: Hashable, Sendable {
    case text
    case whole
    case flag
    case texts
    /// Known keys; others may hold anything.
    case fields([String: ContainerdShape])
    /// Any keys, with values of one type.
    case map(ContainerdShape)
    case table
    case any

    /// The first value of another type, as a part of a sentence; nothing that stands in the document is repeated but
    /// keys that are known.
    func mistake(in value: TOMLValue, _ dialect: TOMLDialect, _ path: [String] = []) -> String? {
        let name = path.joined(separator: ".")
        switch (self, value) {
        case (.any, _), (.text, .string), (.whole, .integer), (.flag, .boolean), (.table, .table): return nil
        case (.text, _): return "\(name) must be text"
        case (.whole, _): return "\(name) must be a whole number"
        case (.flag, _): return "\(name) must be true or false"
        case (.texts, .array(let values)) where values.allSatisfy({ $0.string != nil }): return nil
        case (.texts, _): return "\(name) must be a list of texts"
        case (.fields(let shapes), .table(let table)):
            let fields = ContainerdFields(table, dialect)
            for (key, shape) in shapes.sorted(by: { $0.key < $1.key }) {
                guard let value = fields[key] else { continue }
                if let mistake = shape.mistake(in: value, dialect, path + [key]) { return mistake }
            }
            return nil
        case (.map(let shape), .table(let table)):
            for key in table.keys {
                guard let value = table[key] else { continue }
                if let mistake = shape.mistake(in: value, dialect, path + ["*"]) { return mistake }
            }
            return nil
        case (.fields, _), (.map, _), (.table, _): return "\(name) must be a table"
        }
    }
}

/// Types of containerd's own structures.
extension ContainerdShape {
    private static let socket: [String: ContainerdShape] = ["address": .text, "uid": .whole, "gid": .whole]

    /// A file (containerd `cmd/containerd/server/config/config.go`, `Config`).
    static func file(_ release: ContainerdVersion?) -> ContainerdShape {
        let isFirst = TOMLDialect(release) == .first
        return .fields([
            "version": .whole, "root": .text, "state": .text, "temp": .text, "oom_score": .whole,
            "disabled_plugins": .texts, "required_plugins": .texts, "imports": .texts,
            "plugins": .map(isFirst ? .table : .any), "timeouts": .map(.text),
            "grpc": .fields(
                socket.merging(["tcp_address": .text, "max_recv_message_size": .whole]) { old, _ in old }
            ),
            "ttrpc": .fields(socket),
            "debug": .fields(socket.merging(["level": .text, "format": .text]) { old, _ in old }),
            "metrics": .fields(["address": .text, "grpc_histogram": .flag]), "cgroup": .fields(["path": .text]),
            "proxy_plugins": .map(.fields(["type": .text, "address": .text])),
            "stream_processors": .map(.fields(["accepts": .texts, "returns": .text, "path": .text, "args": .texts])),
        ])
    }

    private static let auth = ContainerdShape.fields([
        "username": .text, "password": .text, "auth": .text, "identitytoken": .text,
    ])
    private static let tls = ContainerdShape.fields([
        "insecure_skip_verify": .flag, "ca_file": .text, "cert_file": .text, "key_file": .text,
    ])

    private static func registry(hasTLS: Bool) -> ContainerdShape {
        .fields([
            "config_path": .text, "mirrors": .map(.fields(["endpoint": .texts])),
            "configs": .map(.fields(hasTLS ? ["auth": auth, "tls": tls] : ["auth": auth])), "auths": .map(auth),
            "headers": .map(.texts),
        ])
    }

    private static let runtime = ContainerdShape.fields([
        "runtime_type": .text, "runtime_path": .text, "runtime_engine": .text, "runtime_root": .text,
        "options": .table, "privileged_without_host_devices": .flag, "base_runtime_spec": .text, "snapshotter": .text,
        "io_type": .text, "privileged_without_host_devices_all_devices_allowed": .flag,
    ])

    /// The plugin of containerd 1 (containerd `pkg/cri/config/config.go`, `PluginConfig`).
    static func cri(_ release: ContainerdVersion?) -> ContainerdShape {
        let isOldest = release.map { $0 < ContainerdVersion(major: 1, minor: 7) } == true
        return .fields([
            "registry": registry(hasTLS: true), "sandbox_image": .text, "max_concurrent_downloads": .whole,
            "stream_idle_timeout": .text, "systemd_cgroup": .flag, "enable_selinux": .flag,
            "drain_exec_sync_io_timeout": .text, "image_pull_with_sync_fs": isOldest ? .any : .flag,
            "image_pull_progress_timeout": isOldest ? .any : .text,
            "containerd": .fields([
                "snapshotter": .text, "default_runtime_name": .text, "runtimes": .map(runtime), "no_pivot": .flag,
                "disable_snapshot_annotations": .flag, "discard_unpacked_layers": .flag, "default_runtime": runtime,
                "untrusted_workload_runtime": runtime,
            ]),
            "cni": .fields(["bin_dir": .text, "conf_dir": .text, "max_conf_num": .whole]),
        ])
    }

    /// `io.containerd.cri.v1.images` (containerd `internal/cri/config/config.go`, `ImageConfig`).
    static func images(_ release: ContainerdVersion?) -> ContainerdShape {
        let isTransferring = release.map { $0 >= .transferring } == true
        return .fields([
            "snapshotter": .text, "disable_snapshot_annotations": .flag, "discard_unpacked_layers": .flag,
            "pinned_images": .map(.text), "registry": registry(hasTLS: false), "max_concurrent_downloads": .whole,
            "image_pull_progress_timeout": .text, "image_pull_with_sync_fs": .flag, "stats_collect_period": .whole,
            "image_decryption": .fields(["key_model": .text]),
            "runtime_platforms": .map(.fields(["platform": .text, "snapshotter": .text])),
            "use_local_image_pull": isTransferring ? .flag : .any,
        ])
    }

    /// `io.containerd.cri.v1.runtime` (there, `RuntimeConfig`).
    static let runtimes = ContainerdShape.fields([
        "enable_selinux": .flag, "drain_exec_sync_io_timeout": .text,
        "containerd": .fields(["default_runtime_name": .text, "runtimes": .map(runtime)]),
        "cni": .fields(["bin_dir": .text, "conf_dir": .text, "max_conf_num": .whole]),
    ])

    /// `io.containerd.grpc.v1.cri` of version 3 (there, `ServerConfig`).
    static let server = ContainerdShape.fields([
        "disable_tcp_service": .flag, "stream_server_address": .text, "stream_server_port": .text,
        "stream_idle_timeout": .text, "enable_tls_streaming": .flag,
    ])
}
