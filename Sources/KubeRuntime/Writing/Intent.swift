public import KubeCore

extension JSONValue {
    /// Whether `current` has everything that this intent names, with the same value; it may have more.
    ///
    /// Lists must be equal as a whole; null wants the member to be absent or null; 1 and 1.0 are equal.
    public func isSatisfied(by current: JSONValue) -> Bool {
        switch (self, current) {
        case (.object(let wanted), .object(let present)):
            wanted.allSatisfy { name, value in value.isSatisfied(by: present[name] ?? .null) }
        case (.object(let wanted), .null):
            // An empty object may be left out by the server; one with content may not.
            wanted.values.allSatisfy { $0.isSatisfied(by: .null) }
        case (.array(let wanted), .array(let present)):
            wanted.count == present.count && zip(wanted, present).allSatisfy { $0.isEqual(to: $1) }
        case (.array(let wanted), .null):
            wanted.isEmpty
        default:
            isEqual(to: current)
        }
    }

    /// Equality in which numbers are compared by value.
    func isEqual(to other: JSONValue) -> Bool {
        switch (self, other) {
        case (.int(let left), .double(let right)), (.double(let right), .int(let left)):
            Double(left) == right
        case (.array(let left), .array(let right)):
            left.count == right.count && zip(left, right).allSatisfy { $0.isEqual(to: $1) }
        case (.object(let left), .object(let right)):
            left.count == right.count && left.allSatisfy { name, value in right[name].map(value.isEqual) ?? false }
        default:
            self == other
        }
    }

    /// Without the precondition on the object's version.
    var withoutResourceVersion: JSONValue {
        guard var metadata = self["metadata"], metadata["resourceVersion"] != nil else { return self }
        var copy = self
        metadata["resourceVersion"] = nil
        copy["metadata"] = metadata
        return copy
    }

    /// Without what the address of the object says already, and what typed objects do not carry.
    var withoutType: JSONValue {
        var copy = self
        copy["apiVersion"] = nil
        copy["kind"] = nil
        return copy
    }
}
