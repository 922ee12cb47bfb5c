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
    /// Whether the end of those objects is still to be told, as a streaming list wants it.
    var owesEndOfInitial = false
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
        let isStreamingList = try isStreamingList(request)
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
        if isStreamingList, watch.revision > store.revision { throw .tooLargeVersion(watch.revision, store.revision) }
        if isStreamingList || watch.revision == 0 {
            watch.owesEndOfInitial = isStreamingList
            watch.revision = store.revision
            watch.initial = store.all(target.resource.storage, namespace: target.namespace)
                .map { view($0.value, target) }.filter(selection.matches)
        }
        return watch
    }

    /// Whether a watch is to begin with all objects and to tell the end of them (validation of `sendInitialEvents` in
    /// kubernetes/apimachinery, pkg/apis/meta/internalversion/validation).
    private func isStreamingList(_ request: KubeRequest) throws(APIError) -> Bool {
        let match = request.query("resourceVersionMatch") ?? ""
        guard request.query("sendInitialEvents") != nil else {
            let rule = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
            if !match.isEmpty { throw Self.options(.forbidden("resourceVersionMatch", rule)) }
            return false
        }
        guard streamingLists else {
            let rule = "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled"
            throw Self.options(.forbidden("sendInitialEvents", rule))
        }
        guard match == "NotOlderThan" else {
            let rule = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
            throw Self.options(.forbidden("resourceVersionMatch", rule))
        }
        return try request.flag("sendInitialEvents")
    }

    private static func options(_ fault: FieldFault) -> APIError {
        .invalid(group: "meta.k8s.io", kind: "ListOptions", name: "", [fault])
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
        if watch.owesEndOfInitial {
            watch.owesEndOfInitial = false
            if let line = bookmark(watch, annotations: ["k8s.io/initial-events-end": "true"]) { lines.append(line) }
        }
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
    package func bookmark(_ watch: APIWatch, annotations: JSONValue? = nil) -> [UInt8]? {
        guard watch.sendsBookmarks, !watch.isOver else { return nil }
        var metadata: JSONValue = ["resourceVersion": .string(String(watch.revision)), "creationTimestamp": .null]
        if let annotations { metadata["annotations"] = annotations }
        return watch.format.line(
            "BOOKMARK",
            watch.format.bookmark(
                [
                    "apiVersion": .string(watch.target.apiVersion), "kind": .string(watch.target.resource.kind),
                    "metadata": metadata,
                ]
            )
        )
    }
}
