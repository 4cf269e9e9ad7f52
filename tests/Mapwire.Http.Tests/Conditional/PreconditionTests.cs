using System.Text;
using Mapwire.Http.Conditional;
using Mapwire.Http.Heads;

namespace Mapwire.Http.Tests.Conditional;

/// <summary>Conditions in the order of RFC 9110, section 13.2.2.</summary>
public sealed class PreconditionTests
{
    private const string Before = "Sun, 06 Nov 1994 08:49:36 GMT";
    private const string Same = "Sun, 06 Nov 1994 08:49:37 GMT";
    private const string After = "Sun, 06 Nov 1994 08:49:38 GMT";

    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Modified half a second behind what its date says, as file systems have it.</summary>
    private static readonly Representation Film =
        new(1000, new EntityTag("a"), new DateTimeOffset(1994, 11, 6, 8, 49, 37, 500, TimeSpan.Zero));

    private static readonly Representation Weak = Film with { Tag = new EntityTag("a", isWeak: true) };

    private static readonly Representation Bare = new(1000);

    /// <summary>What is selected, the fields, and the outcome for GET.</summary>
    public static TheoryData<string, string, PreconditionOutcome> Rows { get; } = new()
    {
        { "film", "", PreconditionOutcome.Proceed },
        // 1: If-Match
        { "film", "If-Match: \"a\"", PreconditionOutcome.Proceed },
        { "film", "If-Match: \"b\"", PreconditionOutcome.Failed },
        { "film", "If-Match: W/\"a\"", PreconditionOutcome.Failed },
        { "weak", "If-Match: \"a\"", PreconditionOutcome.Failed },
        { "weak", "If-Match: *", PreconditionOutcome.Proceed },
        { "film", "If-Match: *", PreconditionOutcome.Proceed },
        { "bare", "If-Match: *", PreconditionOutcome.Proceed },
        { "bare", "If-Match: \"a\"", PreconditionOutcome.Failed },
        { "film", "If-Match: nonsense", PreconditionOutcome.Failed },
        { "film", "If-Match: , \"a\"", PreconditionOutcome.Proceed }, // empty elements are passed over
        { "film", $"If-Match: \"a\"|If-Unmodified-Since: {Before}", PreconditionOutcome.Proceed }, // 2 is skipped
        { "film", $"If-Match: \"b\"|If-Unmodified-Since: {After}", PreconditionOutcome.Failed },
        { "film", "If-Match: \"b\"|If-None-Match: \"a\"", PreconditionOutcome.Failed }, // 1 before 3
        // 2: If-Unmodified-Since
        { "film", $"If-Unmodified-Since: {Before}", PreconditionOutcome.Failed },
        { "film", $"If-Unmodified-Since: {Same}", PreconditionOutcome.Proceed },
        { "film", $"If-Unmodified-Since: {After}", PreconditionOutcome.Proceed },
        { "film", "If-Unmodified-Since: nonsense", PreconditionOutcome.Proceed },
        { "bare", $"If-Unmodified-Since: {Before}", PreconditionOutcome.Proceed },
        { "film", $"If-Unmodified-Since: {Before}|If-None-Match: \"a\"", PreconditionOutcome.Failed }, // 2 before 3
        // 3: If-None-Match
        { "film", "If-None-Match: \"a\"", PreconditionOutcome.NotModified },
        { "film", "If-None-Match: W/\"a\"", PreconditionOutcome.NotModified },
        { "weak", "If-None-Match: \"a\"", PreconditionOutcome.NotModified },
        { "film", "If-None-Match: *", PreconditionOutcome.NotModified },
        { "bare", "If-None-Match: *", PreconditionOutcome.NotModified },
        { "film", "If-None-Match: \"b\"", PreconditionOutcome.Proceed },
        { "film", "If-None-Match: nonsense", PreconditionOutcome.Proceed },
        { "film", $"If-None-Match: \"b\"|If-Modified-Since: {After}", PreconditionOutcome.Proceed }, // 4 is skipped
        { "film", $"If-None-Match: \"a\"|If-Modified-Since: {Before}", PreconditionOutcome.NotModified },
        { "film", $"If-None-Match: \"a\"|If-Range: \"b\"", PreconditionOutcome.NotModified }, // 3 before 5
        // 4: If-Modified-Since
        { "film", $"If-Modified-Since: {Before}", PreconditionOutcome.Proceed },
        { "film", $"If-Modified-Since: {Same}", PreconditionOutcome.NotModified },
        { "film", $"If-Modified-Since: {After}", PreconditionOutcome.NotModified },
        { "film", "If-Modified-Since: nonsense", PreconditionOutcome.Proceed },
        { "bare", $"If-Modified-Since: {After}", PreconditionOutcome.Proceed },
        // 5: If-Range
        { "film", "If-Range: \"a\"", PreconditionOutcome.Proceed },
        { "film", "If-Range: \"b\"", PreconditionOutcome.ProceedWithoutRange },
        { "film", "If-Range: W/\"a\"", PreconditionOutcome.ProceedWithoutRange },
        { "weak", "If-Range: W/\"a\"", PreconditionOutcome.ProceedWithoutRange },
        { "weak", "If-Range: \"a\"", PreconditionOutcome.ProceedWithoutRange },
        { "bare", "If-Range: \"a\"", PreconditionOutcome.ProceedWithoutRange },
        { "film", "If-Range: \"b\", \"a\"", PreconditionOutcome.ProceedWithoutRange }, // a list is none
        { "film", "If-Range: , \"a\"", PreconditionOutcome.ProceedWithoutRange },
        { "film", $"If-Range: {Same}", PreconditionOutcome.Proceed },
        { "film", $"If-Range: {Before}", PreconditionOutcome.ProceedWithoutRange },
        { "film", $"If-Range: {After}", PreconditionOutcome.ProceedWithoutRange }, // for equality alone
        { "film", "If-Range: nonsense", PreconditionOutcome.ProceedWithoutRange },
        { "bare", $"If-Range: {Same}", PreconditionOutcome.ProceedWithoutRange },
        { "rewritten", $"If-Range: {Same}", PreconditionOutcome.ProceedWithoutRange },
        { "rewritten", "If-Range: \"a\"", PreconditionOutcome.Proceed },
        { "rewritten", $"If-Modified-Since: {Same}", PreconditionOutcome.NotModified },
        { "film", "If-Range:", PreconditionOutcome.Proceed },
        { "film", "If-Match:|If-None-Match:", PreconditionOutcome.Proceed },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public void Conditions_are_evaluated_in_order(string what, string fields, PreconditionOutcome outcome)
    {
        Representation selected = what switch
        {
            "film" => Film,
            "weak" => Weak,
            "rewritten" => Film with { IsLastModifiedWeak = true },
            _ => Bare,
        };
        Assert.Equal(outcome, Evaluate(RequestMethod.Get, selected, fields));
        PreconditionOutcome headed = outcome == PreconditionOutcome.Proceed ? PreconditionOutcome.ProceedWithoutRange : outcome;
        Assert.Equal(headed, Evaluate(RequestMethod.Head, selected, fields));
        Assert.Equal(PreconditionOutcome.ProceedWithoutRange, Evaluate(RequestMethod.Options, selected, fields));
    }

    private static PreconditionOutcome Evaluate(RequestMethod method, Representation selected, string fields)
    {
        string lines = string.Concat(fields.Split('|', StringSplitOptions.RemoveEmptyEntries).Select(field => field + "\r\n"));
        RequestHeadReader reader = new();
        HeadStatus status = reader.Read(Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: h\r\n{lines}\r\n"), out RequestHead head);
        Assert.Equal(HeadStatus.Simple, status);
        return Preconditions.Evaluate(method, RequestConditions.From(head), selected, Now);
    }
}
