extension KubeRequest {
    /// Reads one object.
    public static func get(_ resource: ResourceType, _ key: ObjectKey) -> KubeRequest {
        KubeRequest(.get, resource.path(of: key))
    }

    /// Reads one page of a collection.
    ///
    /// - Parameter resourceVersion: nil for the newest state; "0" for whatever the server has in memory.
    public static func list(
        _ resource: ResourceType,
        _ options: ListOptions = ListOptions(),
        continuation: String? = nil,
        resourceVersion: String? = nil
    ) -> KubeRequest {
        var query = selection(options)
        if let limit = options.limit { query.append(QueryItem("limit", String(limit))) }
        if let continuation { query.append(QueryItem("continue", continuation)) }
        // With a continuation the server takes the version from the token and refuses another one.
        if let resourceVersion, continuation == nil { query.append(QueryItem("resourceVersion", resourceVersion)) }
        return KubeRequest(.get, resource.path(namespace: options.namespace), query: query)
    }

    /// Follows a collection from `resourceVersion` on; the server ends the watch after `timeout`.
    public static func watch(
        _ resource: ResourceType,
        _ options: ListOptions = ListOptions(),
        resourceVersion: String,
        timeout: Duration,
        idleTimeout: Duration?
    ) -> KubeRequest {
        var query = selection(options)
        query.append(QueryItem("watch", "true"))
        query.append(QueryItem("allowWatchBookmarks", "true"))
        query.append(QueryItem("resourceVersion", resourceVersion))
        query.append(QueryItem("timeoutSeconds", String(timeout.components.seconds)))
        let path = resource.path(namespace: options.namespace)
        return KubeRequest(.get, path, query: query, idleTimeout: idleTimeout)
    }

    /// Reads a whole collection as a stream of events and goes on as a watch (a streaming list, KEP-3157).
    ///
    /// The objects come as `ADDED`; a bookmark that `endsInitialEvents` ends them and has the version of the list. The
    /// server answers with nothing older than the moment of the request. Servers before Kubernetes 1.27, and later ones
    /// with the feature off, refuse this; whoever asks must be ready for one that ignores it.
    public static func streamingList(
        _ resource: ResourceType,
        _ options: ListOptions = ListOptions(),
        timeout: Duration,
        idleTimeout: Duration?
    ) -> KubeRequest {
        var query = selection(options)
        query.append(QueryItem("watch", "true"))
        query.append(QueryItem("allowWatchBookmarks", "true"))
        query.append(QueryItem("sendInitialEvents", "true"))
        query.append(QueryItem("resourceVersionMatch", "NotOlderThan"))
        query.append(QueryItem("timeoutSeconds", String(timeout.components.seconds)))
        let path = resource.path(namespace: options.namespace)
        return KubeRequest(.get, path, query: query, idleTimeout: idleTimeout)
    }

    /// Creates an object.
    ///
    /// - Throws: `KubeError` with code `encoding`.
    public static func create(
        _ resource: ResourceType,
        namespace: String?,
        _ object: JSONValue,
        manager: String?
    ) throws(KubeError) -> KubeRequest {
        try write(.post, resource.path(namespace: namespace), object, managed(by: manager))
    }

    /// Replaces an object, or one of its subresources; the object's `resourceVersion` is the precondition.
    ///
    /// - Throws: `KubeError` with code `encoding`.
    public static func replace(
        _ resource: ResourceType,
        _ key: ObjectKey,
        subresource: String? = nil,
        _ object: JSONValue,
        manager: String?
    ) throws(KubeError) -> KubeRequest {
        try write(.put, resource.path(of: key, subresource: subresource), object, managed(by: manager))
    }

    /// Changes an object, or one of its subresources, in part.
    ///
    /// - Throws: `KubeError` with code `encoding`.
    public static func patch(
        _ resource: ResourceType,
        _ key: ObjectKey,
        subresource: String? = nil,
        _ patch: Patch,
        manager: String? = nil
    ) throws(KubeError) -> KubeRequest {
        let path = resource.path(of: key, subresource: subresource)
        switch patch {
        case .merge(let value):
            return try write(.patch, path, value, managed(by: manager), type: "application/merge-patch+json")
        case .json(let operations):
            let value = JSONValue.array(operations.map(\.value))
            return try write(.patch, path, value, managed(by: manager), type: "application/json-patch+json")
        case .apply(let value, let manager, let force):
            let query = managed(by: manager) + [QueryItem("force", force ? "true" : "false")]
            return try write(.patch, path, value, query, type: "application/apply-patch+yaml")
        }
    }

    /// Deletes an object in the background.
    ///
    /// - Throws: `KubeError` with code `encoding`.
    public static func delete(
        _ resource: ResourceType,
        _ key: ObjectKey,
        preconditions: DeletePreconditions? = nil
    ) throws(KubeError) -> KubeRequest {
        var options: JSONValue = ["apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"]
        if let preconditions {
            var value: JSONValue = [:]
            if let uid = preconditions.uid { value["uid"] = .string(uid) }
            if let version = preconditions.resourceVersion { value["resourceVersion"] = .string(version) }
            options["preconditions"] = value
        }
        return try write(.delete, resource.path(of: key), options, [])
    }

    private static func write(
        _ method: Method,
        _ path: String,
        _ value: JSONValue,
        _ query: [QueryItem],
        type: String = "application/json"
    ) throws(KubeError) -> KubeRequest {
        KubeRequest(method, path, query: query, contentType: type, body: try JSONCoding.encode(value))
    }

    private static func managed(by manager: String?) -> [QueryItem] {
        manager.map { [QueryItem("fieldManager", $0)] } ?? []
    }

    private static func selection(_ options: ListOptions) -> [QueryItem] {
        var query: [QueryItem] = []
        if let selector = options.labelSelector { query.append(QueryItem("labelSelector", selector)) }
        if let selector = options.fieldSelector { query.append(QueryItem("fieldSelector", selector)) }
        return query
    }
}
