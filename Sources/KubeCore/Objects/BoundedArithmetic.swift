/// Arithmetic that ends at the nearest number of the type where the result is none.
///
/// For numbers that come from outside: an object, an annotation, a file, a header. The operators trap there, and a
/// process that ends by a number that somebody wrote ends again at each start.
extension FixedWidthInteger {
    /// The sum.
    package func adding(_ other: Self) -> Self {
        let (sum, overflows) = addingReportingOverflow(other)
        guard overflows else { return sum }
        return other < 0 ? .min : .max
    }

    /// The difference.
    package func subtracting(_ other: Self) -> Self {
        let (difference, overflows) = subtractingReportingOverflow(other)
        guard overflows else { return difference }
        return other < 0 || !Self.isSigned && self > other ? .max : .min
    }

    /// The product.
    package func multiplied(by other: Self) -> Self {
        let (product, overflows) = multipliedReportingOverflow(by: other)
        guard overflows else { return product }
        return (self < 0) == (other < 0) ? .max : .min
    }
}

extension Comparable {
    /// The value, or the bound that it is beyond.
    package func bounded(to range: ClosedRange<Self>) -> Self {
        min(max(self, range.lowerBound), range.upperBound)
    }
}
