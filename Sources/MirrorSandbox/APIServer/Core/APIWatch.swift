package import KubeCore

/// One watch: what it selects and how far it has come.
package struct APIWatch: Sendable {
    let target: APITarget
    let selection: Selection
    let format: ResponseFormat
    let sendsBookmarks: Bool
    /// After this long the server ends the watch.
    package let timeout: Duration
    /// Changes up to this revision have been seen.
    var revision: UInt64
    /// Objects that are there already and are sent first.
    var initial: [JSONValue] = []
    var isFirst = true
    /// Whether nothing more will come.
    package var isOver = false

    /// The storage whose changes concern this watch.
    package var storage: String { target.resource.storage }
    /// The media type of the stream.
    package var contentType: String { format.contentType }
}

extension APIServerState {
    func openWatch(_ context: RequestContext) throws(APIError) -> APIWatch {
        let request = context.request
        let target = context.target
        guard try !request.flag("sendInitialEvents") else {
            throw .invalid(
                group: "meta.k8s.io",
                kind: "ListOptions",
                name: "",
                [.forbidden("sendInitialEvents", "this server does not implement streaming lists")]
            )
        }
        let asked = try request.version()
        let selection = try Selection.parse(request, target.resource)
        var watch = APIWatch(
            target: target,
            selection: selection,
            format: try ResponseFormat(request),
            sendsBookmarks: try request.flag("allowWatchBookmarks"),
            // The real server picks a time between 30 and 60 minutes where none is asked for.
            timeout: .seconds(try request.number("timeoutSeconds").flatMap { $0 > 0 ? $0 : nil } ?? 1_800),
            revision: asked ?? 0
        )
        if watch.revision == 0 {
            watch.revision = store.revision
            watch.initial = store.all(target.resource.storage, namespace: target.namespace)
                .map { view($0.value, target) }.filter(selection.matches)
        }
        return watch
    }

    /// The lines that a watch has not sent yet; it is over after an error.
    package func advance(_ watch: inout APIWatch, now: MicroTimestamp) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        func add(_ type: String, _ object: JSONValue) {
            lines.append(watch.format.event(type, object, watch.target, isFirst: watch.isFirst, now: now))
            watch.isFirst = false
        }
        for object in watch.initial { add("ADDED", object) }
        watch.initial = []
        guard watch.revision >= store.compacted else {
            let message = "too old resource version: \(watch.revision) (\(store.compacted))"
            watch.isOver = true
            return lines + [watch.format.line("ERROR", APIError.expired(message).status)]
        }
        for change in store.changes(after: watch.revision) {
            watch.revision = change.revision
            guard let (type, object) = event(change, watch) else { continue }
            add(type, object)
        }
        return lines
    }

    /// What a change is to a watch: an object that begins to match is new to it, one that no longer does is gone.
    private func event(_ change: Change, _ watch: APIWatch) -> (String, JSONValue)? {
        let target = watch.target
        guard change.storage == target.resource.storage,
            target.namespace == nil || change.key.namespace == target.namespace
        else { return nil }
        let before = change.before.map { view($0, target) }
        let after = change.after.map { view($0, target) }
        let matched = before.map(watch.selection.matches) ?? false
        if let after, watch.selection.matches(after) { return (matched ? "MODIFIED" : "ADDED", after) }
        guard matched, var last = before else { return nil }
        last.put(.string(String(change.revision)), at: ["metadata", "resourceVersion"])
        return ("DELETED", last)
    }

    /// A bookmark: nothing more happened up to this version.
    package func bookmark(_ watch: APIWatch) -> [UInt8]? {
        guard watch.sendsBookmarks, !watch.isOver else { return nil }
        return watch.format.line(
            "BOOKMARK",
            watch.format.bookmark(
                [
                    "apiVersion": .string(watch.target.apiVersion), "kind": .string(watch.target.resource.kind),
                    "metadata": ["resourceVersion": .string(String(watch.revision)), "creationTimestamp": .null],
                ]
            )
        )
    }
}
