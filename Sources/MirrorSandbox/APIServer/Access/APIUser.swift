/// Who asks, as the real server knows a service account by its token.
package struct APIUser: Hashable, Sendable {
    package var name: String
    package var groups: [String]

    /// The user that a service account is.
    package static func serviceAccount(_ name: String, in namespace: String) -> APIUser {
        APIUser(
            name: "system:serviceaccount:\(namespace):\(name)",
            groups: ["system:serviceaccounts", "system:serviceaccounts:\(namespace)", "system:authenticated"]
        )
    }
}
