import KubeCore
import MirrorAPI
import MirrorPlanner

/// What is reported of the host, whether or not anything is wanted of it.
extension Decider {
    /// Registries that `registries.yaml` mirrors; nil where it can't be read. Nothing else of that file, credentials
    /// above all, is taken out of it.
    var registries: [String]? {
        guard seesRegistries, input.host.registriesFault == nil else { return nil }
        return try? RegistriesFile.registries(in: input.host.registries)
    }

    /// Whether the file of registries that the service reads is where the agent's pod has something of the host.
    var seesRegistries: Bool { distribution.map { AgentPath.isConfiguration($0.registriesFile) } ?? true }

    /// Why no registry can be added to or taken out of the file that the service reads; nil where that can be done.
    var registriesFault: String? {
        guard let path = distribution?.registriesFile else { return nil }
        guard seesRegistries else {
            return "private-registry is \(Self.shown(path: path)): the service reads that file and no other, and this "
                + "agent sees only what is below \(AgentPath.configurations). Move it there, and let private-registry "
                + "name the new place"
        }
        if let fault = input.host.registriesFault { return "\(fault)" }
        guard input.host.registriesAttributes?.isLink != true else {
            return "\(path) is a symbolic link and is left alone: put a plain file there"
        }
        do throws(RegistriesFile.Fault) {
            _ = try RegistriesFile.edit(input.host.registries, adding: ["registry.invalid"])
            return nil
        } catch {
            return "\(path) can't be edited: \(error.message)"
        }
    }

    /// Whether a registry other than the host itself is named; without one the embedded registry does not start (k3s
    /// `pkg/spegel/spegel.go`).
    var registriesConfigured: Bool? { registries.map { !$0.isEmpty } }

    /// `server:` as the node's own files have it, ours left out; nil where there is none.
    var ownServer: String? {
        guard let distribution else { return nil }
        return try? ConfigDirectory.merge(Self.foreignFiles(input, distribution)).effectiveServer
    }

    /// What could not be read now is as it was; the figures are rounded, so that a node at rest costs no write.
    func hostStatus(_ before: MirrorNodeStatus.Host?) -> MirrorNodeStatus.Host {
        MirrorNodeStatus.Host(
            ownServer: configuration == nil ? before?.ownServer : ownServer.flatMap(shown),
            registries: registries.map { Array($0.prefix(64)) } ?? (seesRegistries ? before?.registries : nil),
            registriesFault: registriesFault.map { String($0.prefix(1_024)) },
            serviceCPUPercent: ServiceCPU.rounded(
                input.host.serviceCPUPercent,
                reported: before?.serviceCPUPercent
            ),
            written: input.host.journalFault == nil && ownBlindSpot == nil ? written : before?.written
        )
    }

    /// What our files hold, whichever MirrorNode they were written for: what the mirror's end may put back. Where
    /// somebody has changed our drop-in since, it is not ours any more.
    private var written: MirrorNodeSpec.Desired? {
        guard let settled = journal.settled else { return nil }
        var written = MirrorNodeSpec.Desired(registries: journal.added.isEmpty ? nil : journal.added)
        if let dropIn = presentDropIn, dropIn == settled.dropIn {
            written.server = dropIn.server
            written.debug = dropIn.debug ? true : nil
        }
        return written.isEmpty ? nil : written
    }

    /// How the host fares, where the node is a seed.
    func figures(_ before: HostFigures?) -> HostFigures? {
        mirrorNode?.spec.announceIntervalSeconds == nil ? nil : input.host.figures ?? before
    }

    /// A server as a status may name it: with a password, a path or another scheme it is left out.
    private func shown(_ server: String) -> String? {
        guard let distribution, !server.contains("@"), let url = ServerURL(server, distribution: distribution),
            url.scheme == "https", url.description.utf8.count <= 300
        else { return nil }
        return url.description
    }
}
