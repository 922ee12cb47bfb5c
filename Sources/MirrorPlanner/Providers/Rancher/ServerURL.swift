/// The URL of `server:`, taken apart so that two spellings of one place are equal.
package struct ServerURL: Hashable, Sendable, CustomStringConvertible {
    /// `https`, or what else stands there, in lower case.
    package var scheme: String
    /// Without brackets, in the normal form of `normalizedHost`.
    package var host: String
    package var port: Int

    package init(scheme: String = "https", host: String, port: Int) {
        self.scheme = scheme
        self.host = Self.normalizedHost(host)
        self.port = port
    }

    /// Reads a URL; nil where it has no scheme, no host or a port that is none. A path and credentials are left out.
    package init?(_ text: String, distribution: RancherDistribution) {
        guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://"), colon > text.startIndex else {
            return nil
        }
        let rest = text[text.index(colon, offsetBy: 3)...]
        var authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        if let at = authority.lastIndex(of: "@") { authority = authority[authority.index(after: at)...] }
        guard let parts = Self.split(authority) else { return nil }
        scheme = text[..<colon].lowercased()
        host = Self.normalizedHost(String(parts.host))
        // A dot alone is no host either, and brackets stand around one.
        guard !host.isEmpty, !host.contains(where: { "[]".contains($0) }) else { return nil }
        guard let digits = parts.port, !digits.isEmpty else {
            port = distribution.supervisorPort
            return
        }
        guard let number = Int(digits), (1...65_535).contains(number) else { return nil }
        port = number
    }

    /// `https://10.0.0.1:9345`, an IPv6 address in brackets.
    package var description: String {
        host.utf8.contains(UInt8(ascii: ":")) ? "\(scheme)://[\(host)]:\(port)" : "\(scheme)://\(host):\(port)"
    }

    /// Whether it names the machine that uses it.
    package var isLoopback: Bool {
        host == "localhost" || host == "::1" || (host.hasPrefix("127.") && IPv6.dottedQuad(host[...]) != nil)
    }

    /// A host in one spelling: lower case, no dots at its end, IPv6 addresses with every group written out.
    package static func normalizedHost(_ host: String) -> String {
        var text = host.lowercased()
        if text.utf8.first == UInt8(ascii: "["), text.utf8.last == UInt8(ascii: "]") {
            text = String(text.dropFirst().dropLast())
        }
        if text.utf8.contains(UInt8(ascii: ":")) { return IPv6.canonical(text) ?? text }
        // All of them, for the normal form of a normal form is itself.
        while text.utf8.last == UInt8(ascii: ".") { text.unicodeScalars.removeLast() }
        return text
    }

    private static func split(_ authority: Substring) -> (host: Substring, port: Substring?)? {
        if authority.first == "[" {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            let rest = authority[authority.index(after: end)...]
            guard rest.isEmpty || rest.first == ":" else { return nil }
            return (
                authority[authority.index(after: authority.startIndex)..<end], rest.isEmpty ? nil : rest.dropFirst()
            )
        }
        guard let colon = authority.firstIndex(of: ":") else { return (authority, nil) }
        let port = authority[authority.index(after: colon)...]
        // More than one colon without brackets is an IPv6 address without a port, which Go refuses, too.
        guard !port.contains(":") else { return nil }
        return (authority[..<colon], port)
    }
}

/// The text forms of IPv6 addresses (RFC 4291, section 2.2).
enum IPv6 {
    /// The one spelling that RFC 5952 recommends; nil where the text is no address.
    static func canonical(_ text: String) -> String? {
        let address = text.prefix { $0 != "%" }
        let zone = text[address.endIndex...]
        guard let groups = groups(address) else { return nil }
        return compressed(groups) + zone
    }

    private static func groups(_ text: Substring) -> [UInt16]? {
        var halves: [[UInt16]] = [[]]
        var rest = text
        if rest.hasPrefix("::") { rest = rest.dropFirst(1) }
        if rest.isEmpty { return nil }
        var pieces = rest.split(separator: ":", omittingEmptySubsequences: false)[...]
        if pieces.last == "", pieces.count >= 2, pieces[pieces.endIndex - 2] == "" { pieces.removeLast() }
        for (index, piece) in pieces.enumerated() {
            if piece.isEmpty {
                halves.append([])
            } else if index == pieces.count - 1, piece.contains(".") {
                guard let quad = dottedQuad(piece) else { return nil }
                halves[halves.count - 1] += quad
            } else {
                guard piece.utf8.count <= 4, let group = UInt16(piece, radix: 16) else { return nil }
                halves[halves.count - 1].append(group)
            }
        }
        switch halves.count {
        case 1: return halves[0].count == 8 ? halves[0] : nil
        case 2:
            let missing = 8 - halves[0].count - halves[1].count
            return missing >= 1 ? halves[0] + Array(repeating: 0, count: missing) + halves[1] : nil
        default: return nil
        }
    }

    /// `a.b.c.d` as two groups.
    static func dottedQuad(_ text: Substring) -> [UInt16]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let bytes = parts.compactMap { UInt8($0) }
        guard parts.count == 4, bytes.count == 4 else { return nil }
        return [UInt16(bytes[0]) << 8 | UInt16(bytes[1]), UInt16(bytes[2]) << 8 | UInt16(bytes[3])]
    }

    /// Lower case, the longest run of two or more zero groups (the first of equals) as `::`.
    private static func compressed(_ groups: [UInt16]) -> String {
        var best = 0..<0
        var start = 0
        while start < groups.count {
            var end = start
            while end < groups.count, groups[end] == 0 { end += 1 }
            if end - start > max(best.count, 1) { best = start..<end }
            start = max(end, start + 1)
        }
        let text = { (part: ArraySlice<UInt16>) in part.map { String($0, radix: 16) }.joined(separator: ":") }
        guard !best.isEmpty else { return text(groups[...]) }
        return "\(text(groups[..<best.lowerBound]))::\(text(groups[best.upperBound...]))"
    }
}
