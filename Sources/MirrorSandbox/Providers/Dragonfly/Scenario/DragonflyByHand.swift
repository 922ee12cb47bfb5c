import KubeCore
import MirrorPlanner

/// What takes a seed out of the candidate set, done by hand: it shows that the simulated release answers to the lever
/// as a real one does, whoever pulls it.
struct DragonflyByHand: Sendable {
    let fleet: SimulatedDragonfly

    private func key(_ pod: String) -> ObjectKey {
        ObjectKey(namespace: DragonflyRelease.namespace, name: "by-hand-\(pod)")
    }

    /// Lets a Pod take new connections on the ports of its metrics and its health only.
    func quarantine(_ pod: String) async throws {
        let ports: [JSONValue] = [4_002, 4_003, 4_004].map { ["port": .int($0), "protocol": "TCP"] }
        try await fleet.cluster.objects.create(
            ClusterObjects.networkPolicies,
            [
                "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
                "metadata": ["name": .string(key(pod).name), "namespace": .string(DragonflyRelease.namespace)],
                "spec": [
                    "podSelector": ["matchLabels": [StatefulSetPlan.nameLabel: .string(pod)]],
                    "policyTypes": ["Ingress"], "ingress": [["ports": .array(ports)]],
                ],
            ]
        )
    }

    /// Calls `DeleteHost` once on every scheduler.
    ///
    /// - Returns: schedulers that took it, or did not know the host.
    func deleteHost(_ id: String) async -> Int {
        var done = 0
        for name in fleet.schedulerNames {
            let host = await fleet.address(ofPod: name) ?? ""
            do throws(GRPCFault) {
                _ = try await PlainGRPC().call(
                    DragonflyCall.deleteHost,
                    DragonflyHostID(id),
                    host: host,
                    port: 8_002,
                    timeout: .seconds(2)
                )
                done += 1
            } catch {
                if error.kind == .status(.notFound) { done += 1 }
            }
        }
        return done
    }
}
