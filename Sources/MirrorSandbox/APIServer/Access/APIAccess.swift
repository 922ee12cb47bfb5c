package import KubeCore

/// What a request does to what, in the words of RBAC rules (k8s.io/apiserver, pkg/endpoints/request/requestinfo.go).
package struct APIAccess: Hashable, Sendable {
    package var verb: String
    package var group: String
    /// The plural name, with the subresource after a slash.
    package var resource: String
    package var namespace: String?
    /// Empty for lists and for what is to be created.
    package var name: String

    init(_ verb: String, group: String, _ resource: String, namespace: String?, name: String) {
        self.verb = verb
        self.group = group
        self.resource = resource
        self.namespace = namespace
        self.name = name
    }

    /// The access that a request asks for; nil where it is about no object: everybody who is known may do that.
    package init?(_ request: KubeRequest) {
        var parts = request.path.split(separator: "/").map(String.init)
        let isCore = parts.first == "api"
        guard isCore || parts.first == "apis", parts.count > (isCore ? 2 : 3) else { return nil }
        group = isCore ? "" : parts[1]
        parts.removeFirst(isCore ? 2 : 3)
        if parts[0] == "namespaces", parts.count > 1 {
            namespace = parts[1]
            if parts.count > 2, !["status", "finalize"].contains(parts[2]) { parts.removeFirst(2) }
        }
        resource = parts.count > 2 ? "\(parts[0])/\(parts[2])" : parts[0]
        name = parts.count > 1 ? parts[1] : ""
        let isWatch = ["true", "1"].contains(request.query("watch") ?? "")
        switch request.method {
        case .get where isWatch: verb = "watch"
        case .get: verb = name.isEmpty ? "list" : "get"
        case .post: verb = "create"
        case .put: verb = "update"
        case .patch: verb = "patch"
        case .delete: verb = name.isEmpty ? "deletecollection" : "delete"
        }
        let selector = request.query("fieldSelector") ?? ""
        if name.isEmpty, verb == "list" || verb == "watch", selector.hasPrefix("metadata.name="),
            !selector.contains(",")
        {
            name = String(selector.dropFirst("metadata.name=".count))
        }
    }
}

extension APIAccess: CustomStringConvertible {
    /// `patch mirrornodes/status in API group "p2pmirror.io"`, with where and which.
    package var description: String {
        let place = namespace.map { " in the namespace \"\($0)\"" } ?? " at the cluster scope"
        return "\(verb) resource \"\(resource)\" in API group \"\(group)\"\(place)"
    }
}
