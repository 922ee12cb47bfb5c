package import KubeCore

/// A field that no schema names: a server drops it, and what was meant by it is not done.
package struct UnknownField: Hashable, Sendable {
    /// From the object's root.
    package var path: String
    /// The field of the same object whose name is nearest; nil where none is near.
    package var nearest: String?

    package var description: String {
        let advice = nearest.map { "; did you mean \($0)?" } ?? ""
        return "\(path): no such field, an API server drops it\(advice)"
    }
}

extension KindSchema {
    /// Fields beside those that an object of Kubernetes has.
    private static let common = ["apiVersion", "kind", "metadata", "spec", "status"]

    /// The fields that a server would drop, in the order of their paths.
    package func fieldsNotKnown(in object: JSONValue) -> [UnknownField] {
        let top = (object.objectValue ?? [:]).keys.filter { !Self.common.contains($0) }.sorted().map {
            UnknownField(path: $0, nearest: NearName.nearest(to: $0, among: Self.common))
        }
        return top
            + (object["spec"].map { spec.fieldsNotKnown(in: $0, at: FieldPath("spec")) } ?? [])
            + (object["status"].map { status.fieldsNotKnown(in: $0, at: FieldPath("status")) } ?? [])
    }
}

extension FieldSchema {
    fileprivate func fieldsNotKnown(in value: JSONValue, at path: FieldPath) -> [UnknownField] {
        switch (form, value) {
        case (.object(let fields, _, _), .object(let members)):
            members.sorted { $0.key < $1.key }.flatMap { name, member -> [UnknownField] in
                if let field = fields[name] { return field.fieldsNotKnown(in: member, at: path.member(name)) }
                let nearest = NearName.nearest(to: name, among: fields.keys.sorted())
                return [
                    UnknownField(path: path.member(name).text, nearest: nearest.map { path.member($0).text })
                ]
            }
        case (.list(let item, _, _), .array(let items)):
            items.enumerated().flatMap { item.fieldsNotKnown(in: $1, at: path.entry("\($0)")) }
        case (.map(let item, _), .object(let members)):
            members.sorted { $0.key < $1.key }.flatMap { item.fieldsNotKnown(in: $1, at: path.entry($0)) }
        default: []
        }
    }
}

/// Which name was meant by one that is misspelt.
enum NearName {
    /// Longer names are no slips of a finger.
    private static let longest = 64

    /// The first of the names that the fewest insertions, deletions and replacements lead to; nil where it takes more
    /// than a third of the letters. The case does not count.
    static func nearest(to name: String, among names: [String]) -> String? {
        guard name.utf8.count <= longest else { return nil }
        let limit = max(1, name.utf8.count / 3)
        let distances = names.map { ($0, distance(Array(name.lowercased().utf8), Array($0.lowercased().utf8))) }
        return distances.filter { $0.1 <= limit }.min { $0.1 < $1.1 }?.0
    }

    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var row = Array(0...right.count)
        for (index, letter) in left.enumerated() {
            var corner = row[0]
            row[0] = index + 1
            for column in right.indices {
                let replaced = corner + (letter == right[column] ? 0 : 1)
                corner = row[column + 1]
                row[column + 1] = min(replaced, corner + 1, row[column] + 1)
            }
        }
        return row[right.count]
    }
}
