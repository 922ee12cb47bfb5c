import KubeCore

/// Relations of addresses, certificates and load.
extension SettingsReview {
    var certificatesComplete: [SettingFinding] {
        documents.flatMap { owner, document -> [SettingFinding] in
            switch document.file {
            case .scheduler:
                return ["server.tls", "manager.tls", "seedPeer.tls"].compactMap {
                    incomplete($0, document, owner, "the scheduler does not start")
                }
            case .daemon:
                return ["upload.server", "upload.client", "manager", "scheduler"].compactMap {
                    incomplete($0, document, owner, "TLS stays off, and nobody says so")
                }
            case .schedulerDynconfig, .daemonDynconfig: return []
            }
        }
    }

    private func incomplete(
        _ section: String,
        _ document: SettingsDocument,
        _ owner: SettingsOwner,
        _ effect: String
    ) -> SettingFinding? {
        let keys = ["caCert", "cert", "key"]
        let missing = keys.filter { document.string("\(section).\($0)") == nil }
        guard !missing.isEmpty, missing.count < keys.count else { return nil }
        return finding(
            owner,
            document.file,
            section,
            value: "without \(missing.joined(separator: ", "))",
            .fault,
            """
            \(section) has no \(missing.joined(separator: " and no ")): \(effect): give all of caCert, cert and key, \
            or none
            """,
            source: "dragonfly pkg/rpc/credential.go, \(SettingsFile.daemon.structure)"
        )
    }

    /// A scheduler asks each seed's health on port 4000 before it gives it a task.
    var certificatesOfSeeds: [SettingFinding] {
        guard let schedulerFile, let seedFile, schedulerFile.hasSeedTLS != seedFile.hasTLS else { return [] }
        let what =
            schedulerFile.hasSeedTLS
            ? "seedPeer.tls is set, and seeds speak plaintext on port \(seedFile.ports.upload)"
            : "seedPeer.tls is not set, and seeds want TLS on port \(seedFile.ports.upload) (upload.server.cert)"
        let remedy =
            schedulerFile.hasSeedTLS
            ? "remove seedPeer.tls" : "remove caCert, cert and key from upload.server of seeds, or set seedPeer.tls"
        return [
            finding(
                .scheduler,
                .scheduler,
                "seedPeer.tls",
                value: schedulerFile.hasSeedTLS ? "set" : "unset",
                .fault,
                "\(what): the scheduler's check of each seed's health fails, and no seed is used: \(remedy)",
                removes: schedulerFile.hasSeedTLS,
                source: "dragonfly scheduler/scheduler.go, scheduler/resource/standard/seed_peer.go"
            )
        ]
    }

    /// Parents are dialled as `http://`, and certificates for them are not used then.
    var encryptedUploads: [SettingFinding] {
        let isMended = clientVersion.map { DragonflyDefect.dialsSchedulersPlain.isIn($0) == false } ?? false
        return daemons.filter { $0.file.hasTLS && !isMended }.map { owner, _ in
            finding(
                owner,
                .daemon,
                "upload.server.cert",
                value: "set",
                .warning,
                """
                upload.server of \(owner.plural) has caCert, cert and key, so they want TLS, and daemons up to 1.5.1 \
                dial each other without: peers get nothing from \(owner.plural): remove caCert, cert and key
                """,
                source: "client dragonfly-client/src/resource/piece_collector.rs"
            )
        }
    }

    /// The chart up to 1.7.4 writes `:65003` where neither a manager nor an external one is given.
    var addressOfManager: [SettingFinding] {
        documents.compactMap { owner, document -> SettingFinding? in
            guard document.file == .scheduler || document.file == .daemon,
                let address = document["manager.addr"]?.stringValue
            else { return nil }
            let isScheduler = document.file == .scheduler
            let hasScheme = ["http://", "https://"].contains { address.hasPrefix($0) }
            let host = address.drop(while: { $0 != "/" }).drop { $0 == "/" }
            let rest = hasScheme ? String(host) : address
            let isWhole = DragonflySettings.port(ofAddress: rest) != nil && !rest.hasPrefix(":")
            guard !isWhole || hasScheme == isScheduler else { return nil }
            let right = isScheduler ? "host:65003" : "http://host:65003"
            return finding(
                owner,
                document.file,
                "manager.addr",
                value: address.isEmpty ? "\"\"" : address,
                .fault,
                """
                manager.addr is \(address.isEmpty ? "empty" : address.printable(atMost: 200)): the process does not \
                find its manager: set it to \(right), or remove manager.addr where there is none (server from 2.5.1, \
                client from 1.4.3)
                """,
                source: "\(document.file.structure)"
            )
        }
    }

    var overload: [SettingFinding] {
        guard isOverloaded, let file = seedFile else { return [] }
        return [
            finding(
                .seed,
                .daemon,
                "upload.server.requestRateLimit",
                value: String(file.requestRateLimit),
                .warning,
                """
                upload.server.requestRateLimit is \(file.requestRateLimit) and seeds answer code 8 (overloaded), to \
                health too: raise requestRateLimit or add seeds
                """,
                source: "dragonflyoss/client#2069"
            )
        ]
    }
}
