import KubeCore
import KubeRuntime
import Logging
import MirrorAPI
import MirrorPlanner

/// Puts back the seeds that a mirror took out of its set and that nobody would put back any more, because the mirror is
/// gone.
///
/// That they were out is no setting of the administrator's, so it does not depend on the mirror's `deletionPolicy`.
struct OrphanedSeeds: Sendable {
    private let api: KubeAPI
    private let stores: MirrorStores
    private let sender: WriteSender

    init(_ api: KubeAPI, stores: MirrorStores, sender: WriteSender) {
        self.api = api
        self.stores = stores
        self.sender = sender
    }

    /// Names of mirrors that nodes carry the mark of and that are not there.
    static func mirrors(_ stores: MirrorStores) -> Set<String> {
        let marks = Set(stores.nodes.all.compactMap { $0.metadata.annotations[AnnotationKey.evictedBy] })
        return marks.filter { !$0.isEmpty && stores.mirrors[ObjectKey(name: $0)] == nil }
    }

    /// Puts back the seeds of a mirror of that name, once the API server itself says that there is none.
    ///
    /// - Returns: false where that must be tried again.
    /// - Throws: `KubeError` for what no conflict explains.
    func release(_ mirror: String) async throws(KubeError) -> Bool {
        let nodes = stores.nodes.all.filter { $0.metadata.annotations[AnnotationKey.evictedBy] == mirror }
        guard !nodes.isEmpty else { return true }
        guard stores.staleness == nil, try await api.find(ObservedMirror.self, ObjectKey(name: mirror)) == nil else {
            return false
        }
        for node in nodes {
            guard let write = Self.publication(of: node, by: mirror) else { continue }
            Logger.current.notice("Carrying out a write", metadata: write.logMetadata)
            do throws(KubeError) {
                try await sender.send(write)
            } catch {
                // The node has changed, or is gone.
                guard write.reasonToLookAgain(error) != nil else { throw error }
                return false
            }
        }
        return true
    }

    private static func publication(of node: Node, by mirror: String) -> Write? {
        let name = node.metadata.name
        let why = "\(name) is put back into the candidate set: the mirror that took it out is gone"
        return Provider.allCases.lazy.compactMap { $0.rules.publication(of: node, by: mirror) }.first.map {
            .publishSeed(name, $0, Verdict(.mirrorGone, why))
        }
    }
}
