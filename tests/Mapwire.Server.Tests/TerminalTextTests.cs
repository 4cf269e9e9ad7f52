using Microsoft.Extensions.Logging;
using Xunit;

namespace Mapwire.Server.Tests;

public sealed class TerminalTextTests
{
    [Theory]
    [InlineData("film.mp4", "film.mp4")]
    [InlineData("a\nb\u001b[31m", "a\\u000ab\\u001b[31m")]
    [InlineData("gpj.\u202e4pm", "gpj.\\u202e4pm")]
    [InlineData("two\u2028lines", "two\\u2028lines")]
    [InlineData("\ufefffilm", "\\ufefffilm")]
    [InlineData("Übung 映画 🎬", "Übung 映画 🎬")]
    public void Text_that_a_terminal_obeys_is_shown_as_escapes(string text, string expected)
    {
        Assert.Equal(expected, TerminalText.Clean(text));
        Assert.Equal(expected, ((LogText)text).ToString());
    }

    [Theory]
    [InlineData(5000, 200, 200)]
    [InlineData(200, 200, 200)]
    [InlineData(5, 4, 4)]
    public void Long_text_is_cut_to_the_length_with_an_ellipsis(int length, int maxLength, int expected)
    {
        string clean = TerminalText.Clean(new string('x', length), maxLength);
        Assert.Equal(expected, clean.Length);
        Assert.Equal(length > maxLength, clean.EndsWith('…'));
    }

    [Fact]
    public void A_pair_of_surrogates_is_not_cut_in_two() => Assert.Equal("ab…", TerminalText.Clean("ab🎬🎬", 4));

    [Fact]
    public void Log_lines_are_cleaned_whoever_writes_them()
    {
        LineLog log = new();
        Log.Playing(log, null, "a\nb.mp4", 0);
        Log.TitleOpened(log, "\u202efilm.mp4", 1, 1);
        Log.TrackLeftOut(log, "film.mp4", "track\r1");
        Assert.DoesNotContain(log.Lines, static line => line.Any(char.IsControl) || line.Contains('\u202e', StringComparison.Ordinal));
        Assert.Equal(3, log.Lines.Count);
    }

    private sealed class LineLog : ILogger
    {
        public List<string> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter) =>
            Lines.Add(formatter(state, exception));
    }
}
