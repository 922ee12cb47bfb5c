import KubeCore
import MirrorPlanner
import Synchronization

/// Daemons of a release that say what a test tells them to. They answer in memory.
final class ToldDaemons: GRPCTransport, Sendable {
    private struct State {
        /// Percent of each seed's disk, by its address.
        var disks: [String: Int] = [:]
        /// Addresses that accept no connection for what they serve with.
        var shut: Set<String> = []
        var forgotten: [String] = []
        var count = 0
    }

    private let state = Mutex(State())

    /// What schedulers were told to forget, as `SCHEDULER HOST`, in order.
    var forgotten: [String] { state.withLock { $0.forgotten } }

    func fill(_ number: Int, to percent: Int) {
        state.withLock { $0.disks[TestRelease.address("seed-client", number)] = percent }
    }

    func shut(_ numbers: Int...) {
        state.withLock { $0.shut = Set(numbers.map { TestRelease.address("seed-client", $0) }) }
    }

    func call(_ request: GRPCRequest) async -> GRPCOutcome {
        guard request.host.hasPrefix("198.18.") || request.host.hasSuffix(".svc.cluster.local") else {
            return .failed(GRPCFault(.resolution, address: request.address, message: "the name has no address"))
        }
        if request.port == 4_000, state.withLock({ $0.shut.contains(request.host) }) {
            return .failed(GRPCFault(.timeout, address: request.address, message: "no connection within 2 s"))
        }
        switch request.path {
        case DragonflyCall.health.path: return .answered(GRPCHealthAnswer(.serving).protobuf)
        case DragonflyCall.listHosts.path: return .answered(DragonflyHostList(hosts).protobuf)
        case DragonflyCall.deleteHost.path:
            let id = (try? DragonflyHostID(protobuf: request.message, atMost: 1_000))?.id ?? ""
            state.withLock { $0.forgotten.append("\(request.host) \(id)") }
            return .answered([])
        case DragonflyCall.daemonStatTask.path:
            let id = (try? DragonflyTaskQuery.task(in: request.message)) ?? ""
            let fault = GRPCFault(.status(.internal), address: request.address, message: "task \(id) not found")
            return .failed(fault)
        default: return .failed(GRPCFault(.status(.unimplemented), address: request.address, message: "unknown"))
        }
    }

    /// Every scheduler knows all of them, with other figures at each look, as if they had just announced themselves.
    private var hosts: [DragonflyHost] {
        let count = state.withLock { state in
            state.count += 1
            return state.count
        }
        return (0...2).map { host("seed-client", $0, count) } + (0...1).map { host("client", $0, count) }
    }

    private func host(_ component: String, _ number: Int, _ count: Int) -> DragonflyHost {
        var host = DragonflyHost()
        let isSeed = component == "seed-client"
        host.ip = TestRelease.address(component, number)
        host.hostname = isSeed ? "dragonfly-seed-client-\(number)" : "node-\(number)"
        host.id = "\(host.ip)-\(host.hostname)\(isSeed ? "-seed" : "")"
        host.kind = isSeed ? .seed : .normal
        host.port = 4_000
        var disk = DragonflyHost.Disk()
        disk.used = UInt64(count)
        host.disk = disk
        return host
    }

    /// The metrics of a daemon.
    func pages(_ url: String) -> any Transport { Pages(url, self) }

    private struct Pages: Transport {
        private let host: String
        private let daemons: ToldDaemons

        init(_ url: String, _ daemons: ToldDaemons) {
            host = url.split(separator: "/").last.map { String($0.prefix { $0 != ":" }) } ?? ""
            self.daemons = daemons
        }

        func send(_ request: KubeRequest) async throws(KubeError) -> KubeResponse {
            let percent = daemons.state.withLock { $0.disks[host] ?? 40 }
            let page = """
                dragonfly_client_disk_space_total 100
                dragonfly_client_disk_usage_space_total \(percent)
                """
            return KubeResponse(status: 200, body: Array(page.utf8))
        }

        func open(_ request: KubeRequest) async throws(KubeError) -> KubeResponseStream {
            throw KubeError(.connection, "nothing is streamed here")
        }
    }
}
