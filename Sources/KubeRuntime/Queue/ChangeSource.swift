public import KubeCore

/// What wakes a controller: a collection that is followed, and the keys that a change of it concerns.
public struct ChangeSource<Key: Hashable & Sendable>: Sendable {
    let follow: @Sendable () async -> Void
    let waitUntilSynced: @Sendable () async throws -> Void
    let enqueue: @Sendable (WorkQueue<Key>) async -> Void

    /// Follows what `reflector` follows; `keys` may look into stores, since it is asked after the change has been made.
    ///
    /// - Parameter reflector: is run by the controller; a reflector belongs to one source.
    public static func changes<Object: KubeObject>(
        of reflector: Reflector<Object>,
        keys: @escaping @Sendable (StoreChange<Object>) -> [Key]
    ) -> ChangeSource {
        ChangeSource(
            follow: { await reflector.run() },
            waitUntilSynced: { try await reflector.store.waitUntilSynced() },
            enqueue: { await $0.add(changesOf: reflector.store, keys: keys) }
        )
    }
}

extension ChangeSource where Key == ObjectKey {
    /// Follows the objects that the controller is about: each change concerns the object itself.
    public static func objects(of reflector: Reflector<some KubeObject>) -> ChangeSource {
        changes(of: reflector) { [$0.key] }
    }
}

extension Controller {
    /// Follows the sources, and reconciles what their changes concern once all of them have been read for the first
    /// time, until the task is cancelled.
    ///
    /// Before that a reconciler would take for absent what is only not read yet.
    public func run(_ sources: ChangeSource<Key>...) async {
        await withTaskGroup(of: Void.self) { group in
            for source in sources { group.addTask { await source.follow() } }
            group.addTask {
                do {
                    for source in sources { try await source.waitUntilSynced() }
                } catch {
                    // Cancelled: nothing else is thrown by waiting.
                    return
                }
                await withTaskGroup(of: Void.self) { work in
                    for source in sources { work.addTask { await source.enqueue(queue) } }
                    work.addTask { await run() }
                    work.addTask { await recordProgress() }
                    await work.waitForAll()
                }
            }
            await group.waitForAll()
        }
    }
}
