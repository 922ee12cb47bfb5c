import Foundation
import KubeCore
import MirrorAPI
import MirrorSandbox
import Testing

extension RealCluster {
    /// The check that `hack/upgrade` rests on finds what it is there for.
    @Suite struct Upgrades {
        /// A release whose agents write a file that is there again, with the same content, and restart the service.
        private static let defect = """
            #!/usr/bin/env bash
            # Arguments: agent --node-name NAME --kubeconfig FILE --host-root DIR --systemctl COMMAND ...
            file=${7-}/etc/rancher/rke2/config.yaml.d/zz-p2pmirror.yaml
            if [[ $1 == agent && -f $file ]]; then
                cp -- "$file" "$file.tmp" && mv -- "$file.tmp" "$file"
                $9 restart rke2-server.service
            fi
            exec "$P2PMIRROR_TEST_EXECUTABLE" "$@"
            """

        @Test func `a release that rewrites a file and restarts a service is found out`() async throws {
            try await Rings.withRing(.rke2) { fleet, _, cluster in
                let executable = try TestCluster.executable
                let path = "\(cluster.directory)/defect-\(UUID().uuidString)"
                let script = Self.defect.replacing("$P2PMIRROR_TEST_EXECUTABLE", with: executable)
                try Data(script.utf8).write(to: URL(filePath: path))
                try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
                let crds = "\(TestCluster.root)/crds"
                let scenario = UpgradeScenario(
                    UpgradeScenario.Settings(
                        old: ProductEdition(name: "sound", executable: executable, crds: crds),
                        new: ProductEdition(name: "defect", executable: path, crds: crds),
                        ring: RingScenario.Settings(deadline: 120),
                        quiet: 1
                    ),
                    fleet: fleet,
                    cluster: try SandboxCluster.external(kubeconfig: cluster.kubeconfig),
                    say: { print($0) }
                )
                let failure = await #expect(throws: ScenarioFailure.self) { try await scenario.settled() }
                let text = failure?.description ?? ""
                #expect(text.contains("upgrade to defect"))
                #expect(text.contains("/rke2-server.service: start 2"))
                #expect(text.contains("zz-p2pmirror.yaml: was put in anew"))
                #expect(!text.contains("agent-1"))
            }
        }
    }
}
