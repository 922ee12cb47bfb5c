/// Builds JSON values out of YAML events.
struct YAMLComposer: ~Copyable {
    /// A value and what its text weighs: aliases cost no memory here, but they do for everybody who walks the value.
    private struct Node {
        var value: JSONValue
        var weight: Int
        /// Levels of nesting below it.
        var depth = 0
    }

    /// Bytes and nodes that aliases may add to one stream; a manifest made by hand stays below a hundredth of it.
    private static let expansionLimit = 4_000_000
    /// Levels of nesting; the deepest schemas of custom resources have about sixty.
    private static let depthLimit = 200

    private let reader: YAMLReader
    private var anchors: [String: Node] = [:]
    private var expanded = 0

    init(_ text: [UInt8]) throws(KubeError) {
        reader = try YAMLReader(text)
    }

    mutating func documents() throws(KubeError) -> [JSONValue] {
        var documents: [JSONValue] = []
        while true {
            switch try reader.next().event {
            case .streamEnd: return documents
            case .documentStart:
                anchors = [:]
                let (event, mark) = try reader.next()
                let value = try node(event, mark, depth: 0).value
                if value != .null { documents.append(value) }
            default: continue
            }
        }
    }

    private mutating func node(_ event: YAMLEvent, _ mark: YAMLMark, depth: Int) throws(KubeError) -> Node {
        guard depth < Self.depthLimit else { throw Self.tooDeep(mark) }
        switch event {
        case .scalar(let text, let anchor, let tag, let isPlain):
            return remember(anchor, try scalar(text, tag: tag, isPlain: isPlain, mark))
        case .alias(let name): return try alias(name, mark, depth: depth)
        case .sequenceStart(let anchor): return remember(anchor, try sequence(depth: depth))
        case .mappingStart(let anchor): return remember(anchor, try mapping(depth: depth))
        case .streamStart, .streamEnd, .documentStart, .documentEnd, .sequenceEnd, .mappingEnd:
            throw mark.error("a value is missing")
        }
    }

    private static func tooDeep(_ mark: YAMLMark) -> KubeError {
        mark.error("nested deeper than \(depthLimit) levels")
    }

    private func scalar(
        _ text: String,
        tag: String?,
        isPlain: Bool,
        _ mark: YAMLMark
    ) throws(KubeError) -> Node {
        do throws(YAMLScalar.Fault) {
            let value = try YAMLScalar.resolve(text, tag: tag, isPlain: isPlain)
            return Node(value: value, weight: 1 + text.utf8.count)
        } catch {
            throw mark.error(error.message)
        }
    }

    private mutating func remember(_ anchor: String?, _ node: Node) -> Node {
        if let anchor { anchors[anchor] = node }
        return node
    }

    /// An anchor is known once its value is complete, so that no value can contain itself.
    private mutating func alias(_ name: String, _ mark: YAMLMark, depth: Int) throws(KubeError) -> Node {
        // Its name is left out: it may be a secret that begins with a star and was not quoted.
        guard let node = anchors[name] else {
            throw mark.error("the alias has no anchor before it: quote the value if it is meant as text")
        }
        // A chain of aliases nests as brackets do, and whoever walks the value walks all of it.
        guard depth + node.depth < Self.depthLimit else { throw Self.tooDeep(mark) }
        expanded += node.weight
        guard expanded <= Self.expansionLimit else {
            throw mark.error("aliases add more than \(Self.expansionLimit) bytes")
        }
        return node
    }

    private mutating func sequence(depth: Int) throws(KubeError) -> Node {
        var elements: [JSONValue] = []
        var (weight, below) = (1, 0)
        while true {
            let (event, mark) = try reader.next()
            if case .sequenceEnd = event { return Node(value: .array(elements), weight: weight, depth: below) }
            let element = try node(event, mark, depth: depth + 1)
            elements.append(element.value)
            weight += element.weight
            below = max(below, element.depth + 1)
        }
    }

    private mutating func mapping(depth: Int) throws(KubeError) -> Node {
        var members: [String: JSONValue] = [:]
        var merged: [String: JSONValue] = [:]
        var (weight, below) = (1, 0)
        while true {
            let (event, mark) = try reader.next()
            if case .mappingEnd = event {
                members.merge(merged) { own, _ in own }
                return Node(value: .object(members), weight: weight, depth: below)
            }
            let isMerge = Self.isMerge(event)
            let key = try node(event, mark, depth: depth + 1)
            let (valueEvent, valueMark) = try reader.next()
            let value = try node(valueEvent, valueMark, depth: depth + 1)
            weight += key.weight + value.weight
            below = max(below, value.depth + 1)
            if isMerge {
                try Self.merge(value.value, into: &merged, valueMark)
                continue
            }
            guard let name = YAMLScalar.key(key.value) else {
                throw mark.error("a key must be a text, a number or a boolean")
            }
            guard members.updateValue(value.value, forKey: name) == nil else {
                throw mark.error("the key \"\(name)\" is there twice")
            }
        }
    }

    private static func isMerge(_ event: YAMLEvent) -> Bool {
        guard case .scalar("<<", _, let tag, let isPlain) = event else { return false }
        return tag == nil ? isPlain : tag == YAMLScalar.tagPrefix + "merge"
    }

    /// Takes the members of a mapping, or of each mapping of a list, of which the earlier one wins.
    private static func merge(
        _ value: JSONValue,
        into members: inout [String: JSONValue],
        _ mark: YAMLMark
    ) throws(KubeError) {
        for source in value.arrayValue ?? [value] {
            guard let source = source.objectValue else {
                throw mark.error("<< needs a mapping or a list of mappings")
            }
            members.merge(source) { first, _ in first }
        }
    }
}
