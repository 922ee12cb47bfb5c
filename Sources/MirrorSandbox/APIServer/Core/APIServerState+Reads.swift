import KubeCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension APIServerState {
    func get(_ context: RequestContext, _ name: String) throws(APIError) -> KubeResponse {
        let format = try ResponseFormat(context.request)
        let target = context.target
        guard let object = store.object(target.resource.storage, target.key(name)) else {
            throw .notFound(target.resource, name)
        }
        return format.object(view(object, target), target, status: 200, now: context.now)
    }

    /// An object as requests of that group and version see it.
    func view(_ stored: StoredObject, _ target: APITarget) -> JSONValue {
        var object = stored.value
        let resource = target.resource
        if resource.isCustom, stored.revision < resource.schemaRevision, let schema = target.version.schema {
            object = schema.defaulted(object)
        }
        if resource.id == APIResource.coreEvents.id { object = EventView.core(object) }
        object["apiVersion"] = .string(target.apiVersion)
        return object
    }

    func list(_ context: RequestContext) throws(APIError) -> KubeResponse {
        let request = context.request
        let target = context.target
        let format = try ResponseFormat(request)
        let selection = try Selection.parse(request, target.resource)
        let limit = try request.number("limit") ?? 0
        let snapshot = try snapshot(context)
        var items: [JSONValue] = []
        var next: ObjectKey?
        var remaining = 0
        var last: ObjectKey?
        for (key, stored) in snapshot.objects {
            if let after = snapshot.after, key <= after { continue }
            let object = view(stored, target)
            guard selection.matches(object) else { continue }
            if limit > 0, items.count == limit {
                next = last
                remaining += 1
                continue
            }
            items.append(object)
            last = key
        }
        var metadata: JSONValue = ["resourceVersion": .string(String(snapshot.revision))]
        if let next {
            metadata["continue"] = .string(Continuation(revision: snapshot.revision, after: next).token)
            // With a selector the real server does not know how many are left, and says nothing.
            if selection.isEverything { metadata["remainingItemCount"] = .int(Int64(remaining)) }
        }
        return format.list(items, metadata, target, now: context.now)
    }

    private typealias Snapshot = (
        revision: UInt64, objects: [(key: ObjectKey, value: StoredObject)], after: ObjectKey?
    )

    /// The state that a list reads: the newest, or that of a continuation or of an exact version.
    private func snapshot(_ context: RequestContext) throws(APIError) -> Snapshot {
        let request = context.request
        let storage = context.target.resource.storage
        let namespace = context.target.namespace
        let asked = try request.version()
        if let token = request.query("continue"), !token.isEmpty {
            guard let continuation = Continuation(token: token) else {
                throw .badRequest("continue key is not valid: it is no token of this server")
            }
            guard asked == nil else {
                throw .badRequest("specifying resource version is not allowed when using continue")
            }
            guard let past = store.all(storage, namespace: namespace, at: continuation.revision) else {
                throw .expired(
                    "The provided continue parameter is too old to display a consistent list result. "
                        + "You must start a new list without the continue parameter."
                )
            }
            return (continuation.revision, past, continuation.after)
        }
        if let asked, asked > store.revision { throw .tooLargeVersion(asked, store.revision) }
        switch request.query("resourceVersionMatch") {
        case nil, "": break
        case let match? where asked == nil:
            throw .badRequest("resourceVersionMatch \(match) is forbidden unless resourceVersion is provided")
        case "NotOlderThan"?: break
        case "Exact"?:
            guard let asked, asked > 0 else {
                throw .badRequest("resourceVersionMatch \"Exact\" is forbidden for resourceVersion \"0\"")
            }
            guard let past = store.all(storage, namespace: namespace, at: asked) else {
                throw .expired("The resourceVersion for the provided list is too old.")
            }
            return (asked, past, nil)
        case let match?:
            throw .badRequest("resourceVersionMatch: Unsupported value: \"\(match)\"")
        }
        return (store.revision, store.all(storage, namespace: namespace), nil)
    }
}

extension KubeRequest {
    /// The `resourceVersion` parameter; nil where it is absent.
    func version() throws(APIError) -> UInt64? {
        guard let text = query("resourceVersion"), !text.isEmpty else { return nil }
        guard let version = UInt64(text) else {
            throw .badRequest("Invalid value: \"\(text)\": strconv.ParseUint: parsing \"\(text)\": invalid syntax")
        }
        return version
    }
}

/// Where the next page of a list begins, as an opaque token.
struct Continuation: Hashable, Sendable {
    var revision: UInt64
    var after: ObjectKey

    init(revision: UInt64, after: ObjectKey) {
        self.revision = revision
        self.after = after
    }

    init?(token: String) {
        guard let data = Data(base64Encoded: token),
            let value = try? JSONCoding.decode(JSONValue.self, from: [UInt8](data)),
            let revision = value["rv"]?.intValue, revision > 0, let name = value["name"]?.stringValue
        else { return nil }
        self.revision = UInt64(revision)
        after = ObjectKey(namespace: value["namespace"]?.stringValue, name: name)
    }

    var token: String {
        var value: JSONValue = ["rv": .int(Int64(revision)), "name": .string(after.name)]
        if let namespace = after.namespace { value["namespace"] = .string(namespace) }
        return Data(value.text.utf8).base64EncodedString()
    }
}
