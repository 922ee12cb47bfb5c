/// The part of DNS that a lookup of addresses needs (RFC 1035, sections 4.1 and 3.4.1).
package enum DNSMessage {
    /// What is asked for.
    package struct Question: Hashable, Sendable {
        /// Name without the dot at its end, in lower case.
        package var name: String
        /// 1 for IPv4 addresses (A), 28 for IPv6 addresses (AAAA).
        package var type: UInt16

        package init(name: String, type: UInt16) {
            self.name = name
            self.type = type
        }
    }

    package static let typeA: UInt16 = 1
    package static let typeAAAA: UInt16 = 28

    /// What an answer says.
    package enum Answer: Hashable, Sendable {
        /// IPv4 addresses; none where the name has other records only.
        case addresses([String])
        /// There is no such name (NXDOMAIN), or the server could not say.
        case failure(code: UInt8)
    }

    /// No such name.
    package static let noSuchName: UInt8 = 3

    // MARK: Writing

    /// A query that asks one question.
    package static func query(_ id: UInt16, _ question: Question) -> [UInt8] {
        header(id, flags: 0x0100, answers: 0) + encoded(question)
    }

    /// The answer to a query.
    ///
    /// - Parameter ttl: seconds for which it may be remembered.
    package static func response(_ id: UInt16, _ question: Question, _ answer: Answer, ttl: UInt32) -> [UInt8] {
        switch answer {
        case .failure(let code):
            return header(id, flags: 0x8580 | UInt16(code), answers: 0) + encoded(question)
        case .addresses(let addresses):
            let records = addresses.compactMap(octets)
            var bytes = header(id, flags: 0x8580, answers: UInt16(records.count)) + encoded(question)
            for octets in records {
                // A pointer to the name of the question, which begins after the header.
                bytes += [0xC0, 0x0C] + pair(typeA) + pair(1)
                bytes += pair(UInt16(ttl >> 16)) + pair(UInt16(truncatingIfNeeded: ttl)) + pair(4) + octets
            }
            return bytes
        }
    }

    private static func header(_ id: UInt16, flags: UInt16, answers: UInt16) -> [UInt8] {
        [id, flags, 1, answers, 0, 0].flatMap(pair)
    }

    private static func encoded(_ question: Question) -> [UInt8] {
        let labels = question.name.split(separator: ".").flatMap {
            [UInt8(truncatingIfNeeded: $0.utf8.count)] + $0.utf8
        }
        return labels + [0] + pair(question.type) + pair(1)
    }

    private static func pair(_ value: UInt16) -> [UInt8] { [UInt8(value >> 8), UInt8(value & 0xFF)] }

    private static func octets(_ address: String) -> [UInt8]? {
        let parts = address.split(separator: ".").compactMap { UInt8($0) }
        return parts.count == 4 ? parts : nil
    }

    // MARK: Reading

    /// Id and question of a message; nil where it is none or asks anything but one question.
    package static func question(in bytes: [UInt8]) -> (id: UInt16, question: Question)? {
        guard let head = read(bytes) else { return nil }
        return (head.id, head.question)
    }

    /// The answer in a response to a query; nil where it is none to it.
    package static func answer(in bytes: [UInt8], to id: UInt16) -> Answer? {
        guard let head = read(bytes), head.id == id, bytes[2] & 0x80 != 0 else { return nil }
        let code = bytes[3] & 0x0F
        guard code == 0 else { return .failure(code: code) }
        var place = head.end
        var addresses: [String] = []
        for _ in 0..<number(bytes, 6) {
            // Names are pointers here, of two bytes; type, class and TTL come before the length.
            guard place + 12 <= bytes.count, bytes[place] & 0xC0 == 0xC0 else { return nil }
            let length = Int(number(bytes, place + 10))
            guard place + 12 + length <= bytes.count else { return nil }
            if number(bytes, place + 2) == typeA, length == 4 {
                addresses.append(bytes[(place + 12)..<(place + 16)].map(String.init).joined(separator: "."))
            }
            place += 12 + length
        }
        return .addresses(addresses)
    }

    private static func number(_ bytes: [UInt8], _ place: Int) -> UInt16 {
        UInt16(bytes[place]) << 8 | UInt16(bytes[place + 1])
    }

    private static func read(_ bytes: [UInt8]) -> (id: UInt16, question: Question, end: Int)? {
        guard bytes.count >= 12, number(bytes, 4) == 1 else { return nil }
        var place = 12
        var labels: [String] = []
        while place < bytes.count, bytes[place] != 0 {
            let length = Int(bytes[place])
            guard length < 64, place + length < bytes.count else { return nil }
            labels.append(String(decoding: bytes[(place + 1)...(place + length)], as: UTF8.self).lowercased())
            place += length + 1
        }
        guard place + 5 <= bytes.count else { return nil }
        let question = Question(name: labels.joined(separator: "."), type: number(bytes, place + 1))
        return (number(bytes, 0), question, place + 5)
    }
}
