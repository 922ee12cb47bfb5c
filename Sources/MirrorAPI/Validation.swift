package import KubeCore

/// A field that is not as it must be.
package struct FieldViolation: Hashable, Sendable, CustomStringConvertible {
    /// The field from the object's root, such as `spec.topology.preferredRoots[1]`.
    package var path: String
    /// A sentence that names the field, the value where it is harmless, and what would be right.
    package var message: String

    package init(path: String, message: String) {
        self.path = path
        self.message = message
    }

    package var description: String { "\(path): \(message)" }
}

extension P2PMirrorSpec {
    /// What is wrong with the specification of a mirror of that name.
    package func violations(name: String) -> [FieldViolation] {
        KindSchema.p2pMirror.violations(ofName: .string(name)) + violations(old: nil)
    }

    /// What is wrong with this specification; and with the change, where there was one before.
    package func violations(old: P2PMirrorSpec?) -> [FieldViolation] {
        KindSchema.p2pMirror.violations(ofSpec: self, old: old)
    }
}

extension MirrorNodeSpec {
    /// What is wrong with this specification; and with the change, where there was one before.
    package func violations(old: MirrorNodeSpec?) -> [FieldViolation] {
        KindSchema.mirrorNode.violations(ofSpec: self, old: old)
    }
}

/// The rules of `crds/` over objects as they are sent, for servers and commands without an API server's CEL.
///
/// A field that is unknown is no violation: a server drops it, and an older program must live with a newer schema.
package enum AdmissionRules {
    /// What is wrong with a P2PMirror; and with the change, where there was one before.
    package static func p2pMirror(new: JSONValue, old: JSONValue? = nil) -> [FieldViolation] {
        KindSchema.p2pMirror.violations(of: new, old: old)
    }

    /// What is wrong with a MirrorNode; and with the change, where there was one before.
    package static func mirrorNode(new: JSONValue, old: JSONValue? = nil) -> [FieldViolation] {
        KindSchema.mirrorNode.violations(of: new, old: old)
    }
}

extension KindSchema {
    /// What is wrong with an object, its defaults filled in first as a server does.
    package func violations(of new: JSONValue, old: JSONValue? = nil) -> [FieldViolation] {
        guard new.objectValue != nil else {
            return [FieldViolation(path: "", message: "the document must be an object")]
        }
        let new = completed(new)
        let old = old.map(completed)
        var found = violations(ofName: new["metadata"]?["name"])
        if let value = new["spec"] {
            found += spec.violations(of: value, old: old?["spec"], at: FieldPath("spec"))
        } else {
            found.append(FieldPath("spec").violation("spec is required"))
        }
        if let value = new["status"] {
            found += status.violations(of: value, old: old?["status"], at: FieldPath("status"))
        }
        return found
    }

    /// The object with every default filled in, as a server stores it.
    package func completed(_ object: JSONValue) -> JSONValue {
        var object = object
        object["spec"] = object["spec"].map(spec.completed)
        object["status"] = object["status"].map(status.completed)
        return object
    }

    /// Paths of the fields that a server would drop, because no schema names them.
    package func unknownFields(of object: JSONValue) -> [String] {
        fieldsNotKnown(in: object).map(\.path)
    }

    func violations(ofName value: JSONValue?) -> [FieldViolation] {
        guard let name else { return [] }
        let path = FieldPath("metadata").member("name")
        // An object that is yet to be named by the server has no name.
        return value.map { name.violations(of: $0, old: nil, at: path) } ?? []
    }

    func violations(ofSpec new: some Encodable, old: (some Encodable)?) -> [FieldViolation] {
        do {
            let value = spec.completed(try JSONCoding.value(of: new))
            let before = try old.map { value throws(KubeError) in spec.completed(try JSONCoding.value(of: value)) }
            return spec.violations(of: value, old: before, at: FieldPath("spec"))
        } catch {
            return [FieldPath("spec").violation("spec cannot be written as JSON: \(error)")]
        }
    }
}
