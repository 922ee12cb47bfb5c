/// What libcurl tells in its log and nowhere else; lines of releases 7.88 to 8.14.
///
/// It only makes a sentence better: where a line has other words one day, a fault is named less exactly.
package struct GRPCLog: Hashable, Sendable {
    /// HTTP/2's number of a GOAWAY: "received GOAWAY, error=11, last_stream=0" (`lib/http2.c`).
    package private(set) var goAway: Int?
    /// Whether there is a connection, without TLS yet.
    package private(set) var isConnected = false
    /// Whether the server asked for a certificate of ours: "TLSv1.3 (IN), TLS handshake, Request CERT (13):"
    /// (`lib/vtls/openssl.c`).
    package private(set) var asksForCertificate = false
    /// Whether the server took the handshake for good, which with TLS 1.3 the handshake itself does not show: tickets
    /// for the next one come behind it (RFC 8446, section 4.6.1).
    package private(set) var hasTicket = false
    /// Number of the alert with which the server ended TLS (RFC 8446, section 6): "TLSv1.3 (IN), TLS alert, unknown CA
    /// (560):", where a fatal one has 512 on top.
    package private(set) var alert: Int?

    package init() {}

    /// Takes a line.
    package mutating func hear(_ line: some StringProtocol) {
        if let number = Self.number(in: line, behind: "GOAWAY, error=") { goAway = number }
        if ["Connected to ", "Established connection", "Client hello (1)"].contains(where: line.contains) {
            isConnected = true
        }
        guard line.contains("(IN), TLS ") else { return }
        if line.contains("Request CERT (13)") { asksForCertificate = true }
        if line.contains("Newsession Ticket (4)") { hasTicket = true }
        guard line.contains("TLS alert, "), let number = Self.number(in: line, behind: " (", last: true) else { return }
        if number >> 8 == 2 { alert = number & 0xFF }
    }

    private static func number(in line: some StringProtocol, behind mark: String, last: Bool = false) -> Int? {
        let ranges = line.ranges(of: mark)
        guard let range = last ? ranges.last : ranges.first else { return nil }
        return Int(line[range.upperBound...].prefix { $0.isASCII && $0.isNumber })
    }
}
