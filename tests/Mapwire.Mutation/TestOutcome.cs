namespace Mapwire.Mutation;

/// <summary>What a run of a test program came to.</summary>
internal enum TestResult
{
    /// <summary>All tests passed.</summary>
    Passed,

    /// <summary>A test failed, or the program did.</summary>
    Failed,

    /// <summary>It was ended after its time.</summary>
    Hung,
}

/// <summary>How a test program ended.</summary>
/// <param name="Result">As a whole.</param>
/// <param name="Failed">The first test that failed; null when none did, or the program crashed.</param>
internal readonly record struct TestOutcome(TestResult Result, string? Failed);
