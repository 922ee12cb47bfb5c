/// How far a list by pages may go; pure.
///
/// What is listed is held in memory, and a server, or what answers in its place, may go on giving pages for ever.
public struct ListBounds: Sendable {
    /// The most objects of one list, and of all that are kept of one server: about 1.3 kB each in memory. A fleet of
    /// 26,000 nodes has so many Nodes, MirrorNodes and Leases, five times what Kubernetes is made for (kubernetes.io,
    /// Considerations for large clusters).
    public static let objects = 80_000
    /// The most pages of one list: with the smallest pages that are asked for, that many objects.
    package static let pages = 2_000

    private let objectLimit: Int
    private let pageLimit: Int
    private var objects = 0
    private var pages = 0
    private var tokens: Set<UInt64> = []

    /// - Parameter objects: the most objects of the list, for a process that has memory for more than usual.
    package init(objects: Int = ListBounds.objects) {
        objectLimit = objects
        pageLimit = max(Self.pages, objects / (Self.objects / Self.pages))
    }

    /// Counts objects that came, in a page or by themselves.
    ///
    /// - Throws: `KubeError` with code `tooLarge`.
    package mutating func take(objects count: Int) throws(KubeError) {
        objects += count
        guard objects <= objectLimit else {
            throw KubeError(.tooLarge, "the list has more than \(objectLimit) objects; more are not held in memory")
        }
    }

    /// Counts a page that another one follows.
    ///
    /// - Throws: `KubeError` with code `tooLarge`, or `protocolViolation` where the token was given before: the list
    ///   would never end.
    package mutating func follow(_ continuation: String) throws(KubeError) {
        pages += 1
        guard pages < pageLimit else {
            throw KubeError(.tooLarge, "the list has more than \(pageLimit) pages, with \(objects) objects so far")
        }
        guard tokens.insert(StableHash.fnv1a64(continuation.utf8)).inserted else {
            throw KubeError(.protocolViolation, "the list gives the same continue token twice: it would never end")
        }
    }
}
