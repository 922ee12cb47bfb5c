extension JSONValue {
    /// The merge patch (RFC 7386) that makes of `present` exactly this value: all of it, and null for each member that
    /// `present` has and this value lacks.
    ///
    /// It holds what is the same too, so that it is right also where `present` was out of date.
    public func mergePatch(replacing present: JSONValue?) -> JSONValue {
        guard case .object(let wanted) = self, case .object(let old)? = present else { return self }
        var patch = wanted
        for (key, value) in wanted { patch[key] = value.mergePatch(replacing: old[key]) }
        for key in old.keys where wanted[key] == nil { patch[key] = .null }
        return .object(patch)
    }
}
