import KubeCore
import MirrorAPI
import Testing

@Suite("Names that are made of others are names")
struct NamesTests {
    private static let limit = 253

    /// As names were made before: what was valid then stays as it is.
    private static func before(_ mirror: String, _ node: String) -> String {
        Names.shortened("\(mirror).\(node)", to: limit)
    }

    private static func isValid(_ name: String) -> Bool {
        name.utf8.count <= limit
            && name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
                let isAlphanumeric = { (letter: Character?) in letter.map { $0.isASCII && ($0.isLetter || $0.isNumber) }
                }
                return isAlphanumeric(label.first) == true && isAlphanumeric(label.last) == true
                    && label.allSatisfy { $0 == "-" || isAlphanumeric($0) == true }
            }
    }

    @Test("A cut at a dot is no name, so the dot goes, too")
    func cutAtADot() {
        let node = String(repeating: "a", count: 229) + "." + String(repeating: "b", count: 23)
        #expect(!Self.isValid(Self.before("mirror-7", node)))
        #expect(Self.isValid(Names.mirrorNode(mirror: "mirror-7", node: node)))
    }

    @Test("Every length of a mirror's and a node's name gives a name, its own, and the one it had", arguments: 1...63)
    func property(length: Int) {
        var generator = SystemRandomNumberGenerator()
        var seen: [String: String] = [:]
        let mirror = String(repeating: "m", count: length)
        for size in 1...Self.limit where size > 170 || size.isMultiple(of: 10) {
            for _ in 0..<2 {
                let node = Self.node(size, &generator)
                let name = Names.mirrorNode(mirror: mirror, node: node)
                #expect(Self.isValid(name), "\(mirror) and \(node) give \(name)")
                #expect(seen.updateValue(node, forKey: name) ?? node == node)
                let old = Self.before(mirror, node)
                if Self.isValid(old) { #expect(name == old) }
            }
        }
    }

    /// A valid name of a node with dots and hyphens in all places where they may be.
    private static func node(_ size: Int, _ generator: inout SystemRandomNumberGenerator) -> String {
        var name = ""
        for index in 0..<size {
            let isEdge = index == 0 || index == size - 1 || name.last == "."
            let choices = isEdge ? "abc0" : name.last == "-" ? "abc0-" : "ab0-.."
            name.append(choices.randomElement(using: &generator) ?? "a")
        }
        return name
    }
}
