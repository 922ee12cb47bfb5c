import Foundation
import KubeCore
import MirrorAPI
import MirrorPlanner
import MirrorSandbox
import Subprocess
import SystemPackage

/// A host with a real systemd, and the stand-in for the distribution's service on it.
final class Host: Sendable {
    let site: Site
    let machine: FleetBlueprint.Host
    let blueprint: FleetBlueprint
    private let state: String
    private var cgroup: String { "\(site.cgroup)/\(directoryName)" }
    private let directoryName: String

    var distribution: RancherDistribution { blueprint.distribution }
    var unit: String { distribution.unit(of: machine.role) }

    /// Where RKE2's archive puts it. K3s' script writes into `/etc/systemd/system`, where nothing can be masked.
    var unitFile: String { "/usr/local/lib/systemd/system/\(unit)" }

    /// Lays out the disk, before the first boot.
    ///
    /// - Parameters:
    ///   - run: tells the hosts of several tests apart.
    ///   - kubeconfig: text of the one that the service registers its Node with.
    init(_ site: Site, _ machine: FleetBlueprint.Host, of blueprint: FleetBlueprint, run: String, kubeconfig: String)
        throws
    {
        self.site = site
        self.machine = machine
        self.blueprint = blueprint
        directoryName = "\(run)/\(machine.name)"
        state = "\(site.directory)/hosts/\(directoryName)"
        try FileManager.default.createDirectory(
            atPath: "\(site.directory)/hosts/\(run)",
            withIntermediateDirectories: true
        )
        try FileManager.default.createDirectory(atPath: "\(site.cgroup)/\(run)", withIntermediateDirectories: true)
        for (path, text) in HostFiles.initial(of: machine, in: blueprint) { try put(path, text) }
        let fleet = String(decoding: try JSONCoding.encode(blueprint, pretty: true), as: UTF8.self)
        try put("/etc/stand-in/fleet.json", fleet)
        try put("/etc/stand-in/kubeconfig", kubeconfig)
        try put("/usr/local/bin/\(distribution.program)", StandIn.program, mode: 0o755)
        try put(unitFile, StandIn.unit(distribution, machine.role))
        let wants = "\(state)/disk/etc/systemd/system/multi-user.target.wants"
        try FileManager.default.createDirectory(atPath: wants, withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            atPath: "\(wants)/\(unit)",
            withDestinationPath: unitFile
        )
    }

    /// Writes a file of the disk while the host is off.
    func put(_ path: String, _ text: String, mode: Int = 0o600) throws {
        let file = "\(state)/disk\(path)"
        try FileManager.default.createDirectory(
            atPath: URL(filePath: file).deletingLastPathComponent().path(),
            withIntermediateDirectories: true
        )
        try Data(text.utf8).write(to: URL(filePath: file))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
    }

    /// Boots it, and returns once systemd has started all that it starts by itself.
    func boot() async throws -> Running {
        let log = "\(site.logs)/\(directoryName.replacing("/", with: "-")).log"
        let power = Running(
            [
                "\(Site.checkout)hack/lib/systemd-host.sh", site.root, site.kit, state, cgroup,
            ],
            log: log
        )
        try await wait(for: "\(machine.name) boots; see \(log)", within: 150) {
            guard firstProcess != nil else { return false }
            let state = try await run("systemctl", "is-system-running").output
            return ["running", "degraded"].contains(state.trimmingCharacters(in: .whitespacesAndNewlines))
        }
        return power
    }

    /// Switches the power off: every process of the host ends at once, and nothing is written any more.
    func cutPower(_ power: Running) async {
        if let firstProcess { kill(firstProcess, SIGKILL) }
        await power.stop()
        try? FileManager.default.removeItem(atPath: "\(state)/init.pid")
    }

    /// Process id of the host's systemd, as the tests see it.
    var firstProcess: pid_t? {
        (try? String(contentsOfFile: "\(state)/init.pid", encoding: .utf8))
            .flatMap { pid_t($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
    }

    /// A file of the running host.
    func read(_ path: String) -> String? {
        guard let firstProcess else { return nil }
        return try? String(contentsOfFile: "/proc/\(firstProcess)/root\(path)", encoding: .utf8)
    }

    /// A command in the namespaces of the host, as an administrator's shell has them.
    private func entering(_ command: [String]) throws -> [String] {
        guard let firstProcess else { throw KubeError(.configuration, "\(machine.name) is not running") }
        return ["nsenter", "-t", "\(firstProcess)", "-m", "-u", "-i", "-n", "-p", "-C", "--"] + command
    }

    /// Writes a file of the running host.
    func write(_ path: String, _ text: String) async throws {
        guard let firstProcess else { throw KubeError(.configuration, "\(machine.name) is not running") }
        let file = URL(filePath: "/proc/\(firstProcess)/root\(path)")
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    @discardableResult
    func run(_ command: String...) async throws -> (status: Int32, output: String) {
        let line = try entering(command)
        let result = try await Subprocess.run(
            .name(line[0]),
            arguments: Arguments(Array(line.dropFirst())),
            output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20)
        )
        var status: Int32 = -1
        if case .exited(let code) = result.terminationStatus { status = Int32(code) }
        return (status, result.standardOutput + result.standardError)
    }

    /// One property of the service.
    func property(_ name: String) async throws -> String {
        try await run("systemctl", "show", unit, "--property=\(name)", "--value").output
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    func waitUntil(_ state: String) async throws {
        try await wait(for: "\(unit) of \(machine.name) is \(state)") {
            try await property("ActiveState") == state
        }
    }

    /// Invocations of the service in which its program was started, oldest first.
    var starts: [String] {
        (read(StandIn.startsFile) ?? "").split(separator: "\n").map(String.init)
    }

    /// Runs the container of the agent, in a control group of the host and with its processes.
    func startAgent(_ pod: Pod) throws -> Running {
        let name = "pod-\(UUID().uuidString.prefix(8))"
        let place = "\(site.kit)/\(name)"
        try pod.write(to: place, insideAs: "/opt/p2pmirror/\(name)")
        // It ends with the command that entered the host for it.
        let line = try entering(
            ["setpriv", "--pdeathsig", "KILL", "/opt/p2pmirror/systemd-pod.sh", "/opt/p2pmirror/\(name)/pod"]
                + Site.program + pod.arguments
        )
        return Running(
            [
                "/bin/sh", "-c", #"mkdir -p "$1" && echo $$ >"$1/cgroup.procs" && shift && exec "$@""#, "sh",
                "\(cgroup)/kubepods/\(name)",
            ] + line,
            log: "\(site.logs)/\(directoryName.replacing("/", with: "-"))-agent.log"
        )
    }
}
