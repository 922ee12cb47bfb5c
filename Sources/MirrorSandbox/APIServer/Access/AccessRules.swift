import KubeCore

/// Decides by the roles and bindings that are there (k8s.io/kubernetes, plugin/pkg/auth/authorizer/rbac).
struct AccessRules {
    let store: Store

    /// Whether a user may do that.
    func allow(_ user: APIUser, _ access: APIAccess) -> Bool {
        if isGranted(user, access, by: "clusterrolebindings", in: nil) { return true }
        guard let namespace = access.namespace else { return false }
        return isGranted(user, access, by: "rolebindings", in: namespace)
    }

    private func isGranted(_ user: APIUser, _ access: APIAccess, by bindings: String, in namespace: String?) -> Bool {
        store.all(bindings).contains { key, stored in
            let binding = stored.value
            guard key.namespace == namespace else { return false }
            let subjects = binding["subjects"]?.arrayValue ?? []
            guard subjects.contains(where: { isSubject($0, user, in: namespace) }) else { return false }
            return rules(of: binding["roleRef"] ?? .null, in: namespace).contains { admits($0, access) }
        }
    }

    private func isSubject(_ subject: JSONValue, _ user: APIUser, in namespace: String?) -> Bool {
        let name = subject["name"]?.stringValue ?? ""
        switch subject["kind"] {
        case "User": return name == user.name
        case "Group": return user.groups.contains(name)
        case "ServiceAccount":
            let place = subject["namespace"]?.stringValue ?? namespace ?? ""
            return user.name == "system:serviceaccount:\(place):\(name)"
        default: return false
        }
    }

    private func rules(of reference: JSONValue, in namespace: String?) -> [JSONValue] {
        let name = reference["name"]?.stringValue ?? ""
        let isCluster = reference["kind"] == "ClusterRole"
        let key = ObjectKey(namespace: isCluster ? nil : namespace, name: name)
        let role = store.object(isCluster ? "clusterroles" : "roles", key)
        return role?.value["rules"]?.arrayValue ?? []
    }

    private func admits(_ rule: JSONValue, _ access: APIAccess) -> Bool {
        func has(_ part: String, _ value: String) -> Bool {
            let values = rule[part]?.strings ?? []
            return values.contains("*") || values.contains(value)
        }
        let names = rule["resourceNames"]?.strings ?? []
        return has("verbs", access.verb) && has("apiGroups", access.group) && has("resources", access.resource)
            && (names.isEmpty || names.contains(access.name))
    }
}

extension APIServerState {
    /// Refuses what a user may not do, in the words of the real server
    /// (k8s.io/apiserver, pkg/endpoints/handlers/responsewriters/errors.go).
    ///
    /// - Parameter user: nil for the administrator, who may do everything.
    mutating func authorize(_ user: APIUser?, _ access: APIAccess) throws(APIError) {
        guard let user else { return }
        guard !isAllowed(user, access) else { return }
        let plural = access.resource.split(separator: "/").first.map(String.init) ?? ""
        let qualified = access.group.isEmpty ? plural : "\(plural).\(access.group)"
        let shown = access.name.isEmpty ? qualified : "\(qualified) \"\(access.name)\""
        var details: JSONValue = ["kind": .string(plural)]
        if !access.name.isEmpty { details["name"] = .string(access.name) }
        if !access.group.isEmpty { details["group"] = .string(access.group) }
        throw APIError(
            code: 403,
            reason: "Forbidden",
            message: "\(shown) is forbidden: User \"\(user.name)\" cannot \(access)",
            details: details
        )
    }

    /// The user of a token that this server has given out.
    func user(token: String) throws(APIError) -> APIUser {
        guard let user = tokens[token] else {
            throw APIError(code: 401, reason: "Unauthorized", message: "Unauthorized")
        }
        return user
    }

    /// Gives out a token for a service account; it never expires.
    mutating func createToken(_ request: KubeRequest, _ access: APIAccess) throws(APIError) -> KubeResponse {
        let key = ObjectKey(namespace: access.namespace, name: access.name)
        guard store.object(APIResource.serviceAccounts.storage, key) != nil else {
            throw .notFound(.serviceAccounts, access.name)
        }
        let token = generator.uuid()
        tokens[token] = .serviceAccount(access.name, in: access.namespace ?? "")
        var answer = (try? JSONCoding.decode(JSONValue.self, from: request.body ?? [])) ?? [:]
        answer["status"] = ["token": .string(token), "expirationTimestamp": "9999-12-31T23:59:59Z"]
        return try ResponseFormat(request).response(answer, status: 201)
    }

    /// Refuses a change of owner references to who may not delete the object, and one that blocks the owner's deletion
    /// to who may not set the owner's finalizers
    /// (k8s.io/kubernetes, plugin/pkg/admission/gc: OwnerReferencesPermissionEnforcement).
    ///
    /// - Parameter object: what is to be stored.
    mutating func checkOwners(_ write: Write, _ object: JSONValue) throws(APIError) {
        guard let user = write.context.user else { return }
        func owners(_ object: JSONValue?) -> [JSONValue] {
            object?.at(["metadata", "ownerReferences"])?.arrayValue ?? []
        }
        let (before, now) = (owners(write.old?.value), owners(object))
        guard before != now else { return }
        if write.old != nil { try checkDeletion(write, user) }
        for owner in now where owner["blockOwnerDeletion"] == true && !before.contains(owner) {
            try checkFinalizers(write, user, owner: owner)
        }
    }

    /// Who makes an object may delete it as far as its owners go.
    private mutating func checkDeletion(_ write: Write, _ user: APIUser) throws(APIError) {
        let target = write.context.target
        let access = APIAccess(
            "delete",
            group: target.resource.group,
            target.subresource.map { "\(target.resource.plural)/\($0)" } ?? target.resource.plural,
            namespace: write.key.namespace,
            name: write.key.name
        )
        guard !isAllowed(user, access) else { return }
        let why = "cannot set an ownerRef on a resource you can't delete: , <nil>"
        throw .forbidden(target.resource, write.key.name, why)
    }

    private mutating func checkFinalizers(_ write: Write, _ user: APIUser, owner: JSONValue) throws(APIError) {
        let parts = (owner["apiVersion"]?.stringValue ?? "").split(separator: "/")
        let group = parts.count > 1 ? String(parts[0]) : ""
        let kind = owner["kind"]?.stringValue ?? ""
        let resource = resources.values.first { $0.group == group && $0.kind == kind }
        let access = APIAccess(
            "update",
            group: group,
            "\(resource?.plural ?? "")/finalizers",
            namespace: resource?.isNamespaced == true ? write.key.namespace : nil,
            name: owner["name"]?.stringValue ?? ""
        )
        guard !(isAllowed(user, access) && resource != nil) else { return }
        let why =
            "cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on: "
            + ", <nil>"
        throw .forbidden(write.context.target.resource, write.key.name, why)
    }

    /// Whether a user may do that; it is noted down.
    private mutating func isAllowed(_ user: APIUser, _ access: APIAccess) -> Bool {
        let isAllowed = AccessRules(store: store).allow(user, access)
        accesses.append((user, access, isAllowed))
        return isAllowed
    }
}
