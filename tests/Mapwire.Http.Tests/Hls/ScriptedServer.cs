using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Mapwire.Http.Tests.Hls;

/// <summary>
/// A server of one live playlist and the time it lives in: a part comes each half second, and time passes only while one is waited for.
/// </summary>
internal sealed partial class ScriptedServer : TimeProvider
{
    public const int FirstParts = 41;
    public const int LastParts = 80;
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(0.5);
    private long _now;
    private int _parts = FirstParts;
    private TimeSpan _partAt; // the last one

    /// <summary>Changes an answer: what was asked for, how many parts have come, the answer.</summary>
    public Func<string, int, string, string> Change { get; init; } = static (_, _, text) => text;

    /// <summary>What an update is; null for the right one.</summary>
    public Func<int, string>? Update { get; init; }

    /// <summary>How long a part takes.</summary>
    public Func<int, TimeSpan> Lasts { get; init; } = static _ => Step;

    /// <summary>Whether a request is answered before that has come which it asks for.</summary>
    public Func<int, bool> IsEarly { get; init; } = static _ => false;

    public List<string> Asked { get; } = [];

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => _now;

    public Task<byte[]> FetchAsync(string address)
    {
        Asked.Add(address);
        Match directive = Directives().Match(address);
        if (directive.Success && !IsEarly(_parts))
        {
            bool hasPart = directive.Groups["part"].Success;
            long place = (long.Parse(directive.Groups["msn"].Value, CultureInfo.InvariantCulture) - LiveTexts.FirstNumber)
                * LiveTexts.PartsPerSegment;
            place += hasPart ? int.Parse(directive.Groups["part"].Value, CultureInfo.InvariantCulture) + 1 : LiveTexts.PartsPerSegment;
            while (_parts < Math.Min(place, LastParts))
            {
                Pass(_partAt + Lasts(_parts) - TimeSpan.FromTicks(_now));
            }
        }

        bool isUpdate = address.Contains("_HLS_skip=YES", StringComparison.Ordinal) && _parts < LastParts;
        string text = isUpdate ? Update?.Invoke(_parts) ?? LiveTexts.WriteUpdate(_parts)
            : LiveTexts.Write(_parts, isEnded: _parts >= LastParts);
        return Task.FromResult(Encoding.UTF8.GetBytes(Change(address, _parts, text)));
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (dueTime >= TimeSpan.Zero)
        {
            Pass(dueTime);
            ThreadPool.QueueUserWorkItem(_ => callback(state));
        }

        return new Timer();
    }

    private void Pass(TimeSpan time)
    {
        _now += time.Ticks;
        while (_parts < LastParts && _partAt + Lasts(_parts) <= TimeSpan.FromTicks(_now))
        {
            _partAt += Lasts(_parts++);
        }
    }

    [GeneratedRegex("_HLS_msn=(?<msn>[0-9]+)(&_HLS_part=(?<part>[0-9]+))?")]
    private static partial Regex Directives();

    private sealed class Timer : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
