import FlyingSocks
import KubeCore
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The listeners of one simulated container, which policies of the network can cut off by their ports.
final class ContainerNetwork: Sendable {
    private let pool: ListenerPool
    private let address: String
    private let orders: String?
    private let listeners = Mutex<[GatedListener]>([])
    private let faults = Mutex(PodFaults())
    private let files = OpenFileHolder()

    init(address: String, orders: String?) async throws {
        pool = try await ListenerPool()
        self.address = address
        self.orders = orders
    }

    /// A listener of the container.
    func listen(_ port: UInt16) throws -> GatedListener {
        let listener = try pool.listen(address, port)
        listeners.withLock { $0.append(listener) }
        return listener
    }

    /// Waits for the sockets, and follows the orders, until it is cancelled.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.pool.run() }
            group.addTask { await self.follow() }
            await group.next()
            group.cancelAll()
        }
    }

    private func follow() async {
        var last: PodOrders?
        while !Task.isCancelled {
            if let orders = PodOrders(file: self.orders), orders != last {
                faults.withLock { $0 = orders.faults }
                files.hold(percent: orders.faults.openFilesPercent)
                for listener in listeners.withLock({ $0 }) {
                    let kind = orders.faults.kind(of: listener.port)
                    let isCut = orders.deniedPorts.contains(listener.port) || kind == .silent
                    listener.substitute(kind?.substitute)
                    listener.refuse(kind == .refused)
                    await listener.cut(isCut, keepingEstablished: orders.keepsEstablished)
                }
                last = orders
            }
            try? await Task.sleep(for: .milliseconds(100))
        }
    }

    /// Serves one connection; what is long may never arrive.
    func converse(_ server: GRPCUnaryServer, on socket: AsyncSocket, of port: UInt16) async {
        await HTTP2Session(socket) { request in
            let response = await server.answer(request)
            await self.carry(response.body.count, from: port)
            return response
        }.run()
    }

    /// Lets an answer of so many bytes out by a port; where long ones do not arrive it never returns, until whoever
    /// waits for it has gone.
    func carry(_ bytes: Int, from port: UInt16) async {
        while !Task.isCancelled, bytes > Self.shortAnswer, faults.withLock({ $0.kind(of: port) }) == .cutShort {
            try? await Task.sleep(for: .milliseconds(100))
        }
    }

    /// Bytes of an answer that a small packet holds. A packet holds some 1,400; lists of so few hosts are shorter.
    private static let shortAnswer = 100
}

extension PodOrders {
    /// Nil where nobody wants anything yet.
    init?(file: String?) {
        guard let file, let data = FileManager.default.contents(atPath: file),
            let orders = try? JSONCoding.decode(PodOrders.self, from: [UInt8](data))
        else { return nil }
        self = orders
    }
}

extension ContainerOptions {
    /// A file of the container; nil where it is not there.
    func file(_ path: String) -> [UInt8]? {
        for (mount, directory) in mounts where path.hasPrefix(mount + "/") {
            let data = FileManager.default.contents(atPath: directory + path.dropFirst(mount.count))
            if let data { return [UInt8](data) }
        }
        return nil
    }

    /// The first document of a YAML file; nil where it is not there.
    ///
    /// - Throws: where it is no YAML.
    func yaml(_ path: String) throws -> JSONValue? {
        guard let bytes = file(path) else { return nil }
        return try YAMLCoding.documents(bytes).first
    }

    /// Where a directory of the container really is.
    func directory(_ path: String) -> String? {
        var path = path
        while path.hasSuffix("/"), path.count > 1 { path.removeLast() }
        return mounts[path]
    }

    /// The factor of the cluster.
    var timeScale: TimeScale { TimeScale(environment[TimeScale.variable].flatMap { Int($0) } ?? 1) }
}
