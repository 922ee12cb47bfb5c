/// The typed face of the Kubernetes API over any transport.
///
/// Every method throws `KubeError`: `status` with the server's own words for an answer that is an error, and what the
/// transport throws where no answer came.
public struct KubeAPI: Sendable {
    /// What carries the requests.
    public let transport: any Transport

    /// Creates a typed API over a transport.
    public init(_ transport: any Transport) {
        self.transport = transport
    }

    /// Reads one object from the server, never from a cache of ours.
    public func get<Object: KubeObject>(_ type: Object.Type, _ key: ObjectKey) async throws(KubeError) -> Object {
        try await send(.get(Object.resource, key))
    }

    /// Reads one object, or nil where there is none.
    public func find<Object: KubeObject>(_ type: Object.Type, _ key: ObjectKey) async throws(KubeError) -> Object? {
        do {
            return try await get(type, key)
        } catch  where error.isNotFound {
            return nil
        }
    }

    /// Reads a whole collection, page by page where `options.limit` is set.
    public func list<Object: KubeObject>(
        _ type: Object.Type,
        _ options: ListOptions = ListOptions()
    ) async throws(KubeError) -> [Object] {
        var objects: [Object] = []
        var bounds = ListBounds()
        var continuation: String?
        repeat {
            let page: ObjectList<Object> = try await send(
                .list(Object.resource, options, continuation: continuation)
            )
            try bounds.take(objects: page.items.count)
            objects += page.items
            continuation = page.metadata.continue.flatMap { $0.isEmpty ? nil : $0 }
            if let continuation { try bounds.follow(continuation) }
        } while continuation != nil
        return objects
    }

    /// Creates an object and returns it as stored.
    @discardableResult
    public func create<Object: KubeObject>(_ object: Object, manager: String) async throws(KubeError) -> Object {
        let namespace = object.metadata.namespace
        return try await send(.create(Object.resource, namespace: namespace, object.wireValue(), manager: manager))
    }

    /// Replaces an object, or its `subresource`; the object's `resourceVersion`, where set, is the precondition.
    @discardableResult
    public func replace<Object: KubeObject>(
        _ object: Object,
        subresource: String? = nil,
        manager: String
    ) async throws(KubeError) -> Object {
        try await send(
            .replace(Object.resource, object.key, subresource: subresource, object.wireValue(), manager: manager)
        )
    }

    /// Changes an object, or its `subresource`, in part and returns it as stored.
    @discardableResult
    public func patch<Object: KubeObject>(
        _ type: Object.Type,
        _ key: ObjectKey,
        subresource: String? = nil,
        _ patch: Patch,
        manager: String? = nil
    ) async throws(KubeError) -> Object {
        try await send(.patch(Object.resource, key, subresource: subresource, patch, manager: manager))
    }

    /// Deletes an object in the background; an object that is gone already is no error.
    public func delete<Object: KubeObject>(
        _ type: Object.Type,
        _ key: ObjectKey,
        preconditions: DeletePreconditions? = nil
    ) async throws(KubeError) {
        do {
            _ = try await answer(to: .delete(Object.resource, key, preconditions: preconditions))
        } catch  where error.isNotFound {
            return
        }
    }

    /// Sends a request and decodes its answer.
    public func send<Answer: Decodable & SendableMetatype>(_ request: KubeRequest) async throws(KubeError) -> Answer {
        let body = try await answer(to: request).body
        guard body.count > JSONWeight.exempt else { return try JSONCoding.decode(Answer.self, from: body) }
        return try await LongDocuments.shared.decode(Answer.self, from: body)
    }

    /// Sends a request and returns its answer, turned into an error unless its status is 2xx.
    public func answer(to request: KubeRequest) async throws(KubeError) -> KubeResponse {
        let response = try await transport.send(request)
        guard (200..<300).contains(response.status) else { throw response.asError(of: request) }
        return response
    }
}

extension KubeResponse {
    /// A page of maintenance that asks for a day's patience must not stop a controller for a day. As long as the
    /// longest pause of a watch that fails: what rests on it counts as out of date after 150 s, so that there are
    /// several tries before that.
    private static let longestRetryAfterSeconds = 30
    /// Bytes of the server's words that are kept.
    private static let longestMessage = 1_024
    /// Bytes of the longest text that is looked through for a description of an error.
    private static let longestDescription = 1 << 16

    /// The error that this answer stands for: the server's `Status` where the body is one.
    public func asError(of request: KubeRequest) -> KubeError {
        // A path that no kind is served under gets no Status, but a line of text.
        let isUnknownPath = self.status == 404
        let missing = isUnknownPath ? "the server does not know this path: the kind is not installed" : "no description"
        var status =
            (body.count > Self.longestDescription ? nil : try? JSONCoding.decode(Status.self, from: body))
            ?? Status(code: self.status, reason: "", message: missing)
        status.code = self.status
        status.message = status.message?.printable(atMost: Self.longestMessage)
        let asked = headers["retry-after"].flatMap(Int.init) ?? status.details?.retryAfterSeconds
        let wait = asked.map { min(max($0, 0), Self.longestRetryAfterSeconds) }
        return KubeError(
            .status,
            "\(request.method.rawValue) \(request.path): \(self.status) \(status.message ?? status.reason ?? "")",
            status: status,
            retryAfter: wait.map { .seconds($0) }
        )
    }
}
