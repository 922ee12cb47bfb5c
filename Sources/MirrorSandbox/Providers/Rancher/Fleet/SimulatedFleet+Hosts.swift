import KubeCore

extension SimulatedFleet {
    /// Makes the hosts' file systems, where they have ones of their own.
    func mountVolumes() async throws {
        let names = settings.blueprint.hosts.map(\.name)
        for name in names {
            guard let volume = volume(of: name) else { return }
            volume.forget()
            supervisor.start(
                Supervisor.Unit(
                    name: volumeUnit(of: name),
                    executable: "/usr/bin/unshare",
                    arguments: volume.holder,
                    log: log("\(name)-volume")
                )
            )
        }
        for _ in 0..<500 {
            if names.allSatisfy({ volume(of: $0)?.isMounted ?? true }) { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw ScenarioFailure("no file system of its own for a host's content within 10 s; see \(log("*-volume"))")
    }

    /// Starts a unit of a host, inside of the host's file system where it has one of its own.
    func start(on host: String, _ unit: Supervisor.Unit) {
        guard settings.contentMebibytes != nil, let holder = supervisor.state(of: volumeUnit(of: host))?.mainPID else {
            return supervisor.start(unit)
        }
        var inside = unit
        inside.executable = "/usr/bin/nsenter"
        inside.arguments = ContentVolume.inside(holder, [unit.executable ?? settings.programs.sandbox] + unit.arguments)
        supervisor.start(inside)
    }

    private func volume(of host: String) -> ContentVolume? {
        settings.contentMebibytes.map {
            ContentVolume(
                mebibytes: $0,
                root: self.host(host).root,
                host: host,
                state: "\(settings.directory)/logs",
                settings.blueprint.distribution
            )
        }
    }

    private func volumeUnit(of host: String) -> String { "\(host)-volume" }

    /// A newcomer that none was before.
    func newcomer() -> Newcomer {
        Newcomer(settings.blueprint, name: "newcomer-\(UInt32.random(in: 1...UInt32.max))")
    }
}
