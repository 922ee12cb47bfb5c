/// A size or a cost between two bounds; the largest number stands for one that nobody knows (cel-go, checker/cost.go).
struct CELSize: Hashable, Sendable {
    var least: UInt64
    var most: UInt64

    static let zero = CELSize(0)
    static let one = CELSize(1)
    static let unknown = CELSize(least: 0, most: .max)

    init(least: UInt64, most: UInt64) {
        self.least = least
        self.most = most
    }

    init(_ size: UInt64) { self.init(least: size, most: size) }

    static func + (left: CELSize, right: CELSize) -> CELSize {
        CELSize(least: sum(left.least, right.least), most: sum(left.most, right.most))
    }

    static func * (left: CELSize, right: CELSize) -> CELSize {
        CELSize(least: product(left.least, right.least), most: product(left.most, right.most))
    }

    static func * (size: CELSize, factor: Double) -> CELSize {
        CELSize(least: scaled(size.least, factor), most: scaled(size.most, factor))
    }

    func union(_ other: CELSize) -> CELSize {
        CELSize(least: min(least, other.least), most: max(most, other.most))
    }

    static func sum(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let (sum, overflows) = left.addingReportingOverflow(right)
        return overflows ? .max : sum
    }

    static func product(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let (product, overflows) = left.multipliedReportingOverflow(by: right)
        return overflows ? .max : product
    }

    private static func scaled(_ size: UInt64, _ factor: Double) -> UInt64 {
        UInt64(exactly: (Double(size) * factor).rounded(.up)) ?? .max
    }
}
