import KubeCore

/// What a container does not reach of the network: a process on loopback has no node whose routes could be missing, so
/// the container itself keeps to what its orders say.
struct OutboundGate: Sendable {
    let orders: String?

    func reaches(_ address: String) -> Bool {
        !(PodOrders(file: orders)?.faults.unreachable.contains(address) ?? false)
    }
}

/// Calls through a gate: one to an address that is not reached ends when its time has run out.
struct GatedGRPC: GRPCTransport {
    let transport: any GRPCTransport
    let gate: OutboundGate

    func call(_ request: GRPCRequest) async -> GRPCOutcome {
        guard gate.reaches(request.host) else {
            try? await Task.sleep(for: request.timeout)
            return .failed(GRPCFault(.timeout, address: request.address, message: "no connection in time"))
        }
        return await transport.call(request)
    }
}
