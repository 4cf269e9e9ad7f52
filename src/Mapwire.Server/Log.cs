using System.Net;
using Mapwire.Server.Sending;
using Mapwire.Server.Statistics;
using Microsoft.Extensions.Logging;

namespace Mapwire.Server;

/// <summary>Every line the server logs. Ids are stable: 1xx connections, 2xx plays, 3xx titles, 4xx statistics, 9xx faults of ours.
/// No line has a query string: tokens and stream keys stand there.</summary>
internal static partial class Log
{
    [LoggerMessage(100, LogLevel.Information, "{Peer} connect {Application} ({Agent})")]
    public static partial void Connected(ILogger log, EndPoint? peer, LogText application, LogText agent);

    [LoggerMessage(101, LogLevel.Information, "{Peer} close: {Reason}, {Bytes} bytes in {Seconds:0.0} s")]
    public static partial void Closed(ILogger log, EndPoint? peer, CloseReason reason, long bytes, double seconds);

    [LoggerMessage(102, LogLevel.Warning, "{Peer} protocol error: {Fault}")]
    public static partial void ProtocolBroken(ILogger log, EndPoint? peer, LogText fault);

    [LoggerMessage(103, LogLevel.Warning, "cannot accept a connection: {Fault} ({Times} times since the last such line)")]
    public static partial void AcceptFailed(ILogger log, LogText fault, long times);

    [LoggerMessage(104, LogLevel.Warning,
        "connections refused since the last such line: {Times}; {Count} of at most {Max} are open ({Option})")]
    public static partial void ServerFull(ILogger log, long times, int count, int max, string option);

    [LoggerMessage(105, LogLevel.Warning,
        "at most {Room} connections instead of {Wished} ({Option}): this process may have {Limit} descriptors, "
        + "and that many connections need {Needed}; raise the limit (ulimit -n, LimitNOFILE)")]
    public static partial void ConnectionsLimited(ILogger log, long room, int wished, long limit, long needed, string option);

    [LoggerMessage(106, LogLevel.Warning, "{Peer} cannot be watched: {Fault}")]
    public static partial void NotWatched(ILogger log, EndPoint? peer, string fault);

    [LoggerMessage(107, LogLevel.Warning, "connections refused since the last such line: {Times}; {Peer} {Reason}")]
    public static partial void AddressLimited(ILogger log, long times, EndPoint? peer, string reason);

    [LoggerMessage(108, LogLevel.Warning, "a worker has hung in a system call for more than 2 s: new connections go to the others")]
    public static partial void WorkerStuck(ILogger log);

    [LoggerMessage(109, LogLevel.Information, "{Peer} closed by its encryption or wrapping: {Fault}")]
    public static partial void StreamNotWrapped(ILogger log, EndPoint? peer, string fault);

    [LoggerMessage(110, LogLevel.Warning, "{Peer} holds {Bytes} bytes, more than the {Max} of {Option}: closed")]
    public static partial void HoldsTooMuch(ILogger log, EndPoint? peer, long bytes, long max, string option);

    [LoggerMessage(111, LogLevel.Information, "certificate {File} was read anew")]
    public static partial void CertificateRead(ILogger log, LogText file);

    [LoggerMessage(112, LogLevel.Warning, "the certificate changed and cannot be read; the one before it stays: {Fault}")]
    public static partial void CertificateNotRead(ILogger log, LogText fault);

    [LoggerMessage(113, LogLevel.Warning, "certificate {File} is valid from {From:u} to {To:u}; clients refuse it outside of that")]
    public static partial void CertificateEnds(ILogger log, LogText file, DateTime from, DateTime to);

    [LoggerMessage(114, LogLevel.Information, "{Peer} connect refused: {Reason}")]
    public static partial void ConnectRefused(ILogger log, EndPoint? peer, LogText reason);

    [LoggerMessage(115, LogLevel.Warning, "{Peer} asks so often that {Lines} lines about it were left out")]
    public static partial void LinesLeftOut(ILogger log, EndPoint? peer, int lines);

    [LoggerMessage(116, LogLevel.Information, "{Peer} asks for {Path}, refused: {Status} {Reason}")]
    public static partial void RequestRefused(ILogger log, EndPoint? peer, LogText path, int status, LogText reason);

    [LoggerMessage(120, LogLevel.Information, "{Peer} sent what is refused: {Status} {Reason}")]
    public static partial void UnreadRequestRefused(ILogger log, EndPoint? peer, int status, LogText reason);

    [LoggerMessage(117, LogLevel.Warning, "an answer to {Peer} ended: {Reason}")]
    public static partial void BodyLost(ILogger log, EndPoint? peer, LogText reason);

    [LoggerMessage(118, LogLevel.Warning,
        "HTTP is not served: {Fault}; RTMP is (--http HOST:PORT for another port)")]
    public static partial void HttpNotListening(ILogger log, string fault);

    [LoggerMessage(119, LogLevel.Warning, "{Peer} holds {Bytes} bytes and is closed: {Reason}")]
    public static partial void HoldTooMuchTogether(ILogger log, EndPoint? peer, long bytes, string reason);

    [LoggerMessage(120, LogLevel.Warning, "{Peer} asks for more at once than is held for it, and is refused it: {Reason}")]
    public static partial void ExchangeRefused(ILogger log, EndPoint? peer, string reason);

    [LoggerMessage(200, LogLevel.Information, "{Peer} play {Title} from {Start:0.000} s")]
    public static partial void Playing(ILogger log, EndPoint? peer, LogText title, double start);

    [LoggerMessage(201, LogLevel.Information, "{Peer} play {Name} refused: {Reason}")]
    public static partial void Refused(ILogger log, EndPoint? peer, LogText name, LogText reason);

    [LoggerMessage(202, LogLevel.Warning, "{Peer} play {Title} ended: {Reason}")]
    public static partial void FileLost(ILogger log, EndPoint? peer, LogText title, LogText reason);

    [LoggerMessage(203, LogLevel.Information, "{Peer} watch {Title} by {Protocol}")]
    public static partial void Watching(ILogger log, EndPoint? peer, LogText title, PlayerProtocol protocol);

    [LoggerMessage(210, LogLevel.Information, "{Peer} publish {Stream}")]
    public static partial void Publishing(ILogger log, EndPoint? peer, LogText stream);

    [LoggerMessage(211, LogLevel.Warning, "{Peer} publish {Stream} refused: {Reason}")]
    public static partial void PublishRefused(ILogger log, EndPoint? peer, LogText stream, LogText reason);

    [LoggerMessage(212, LogLevel.Information, "{Peer} publish {Stream} ended: {Reason}")]
    public static partial void Unpublished(ILogger log, EndPoint? peer, LogText stream, LogText reason);

    [LoggerMessage(213, LogLevel.Warning, "{Peer} publish {Stream} taken from it: {Reason}")]
    public static partial void PublisherDismissed(ILogger log, EndPoint? peer, LogText stream, LogText reason);

    [LoggerMessage(215, LogLevel.Warning,
        "{Peer} publish {Stream}: {Malformed} messages were not understood, {LeftOut} were left out (no configuration, or no room); "
        + "the last fault: {Fault}")]
    public static partial void PublishLeftOut(ILogger log, EndPoint? peer, LogText stream, long malformed, long leftOut, LogText fault);

    [LoggerMessage(214, LogLevel.Information, "{Peer} play {Stream} live")]
    public static partial void PlayingLive(ILogger log, EndPoint? peer, LogText stream);

    [LoggerMessage(300, LogLevel.Information, "{Title} opened: {Samples} samples, {Seconds:0.000} s")]
    public static partial void TitleOpened(ILogger log, LogText title, int samples, double seconds);

    [LoggerMessage(301, LogLevel.Warning, "{Title} plays without {Track}")]
    public static partial void TrackLeftOut(ILogger log, LogText title, LogText track);

    [LoggerMessage(302, LogLevel.Warning, "an index was not stored: {Fault}")]
    public static partial void IndexNotStored(ILogger log, LogText fault);

    [LoggerMessage(303, LogLevel.Warning, "{Title} plays without the subtitles {File}: {Reason}")]
    public static partial void SubtitlesLeftOut(ILogger log, LogText title, LogText file, LogText reason);

    [LoggerMessage(400, LogLevel.Warning, "statistics are not published: {Fault}")]
    public static partial void StatisticsNotPublished(ILogger log, LogText fault);

    [LoggerMessage(401, LogLevel.Warning, "statistics have no room for more players or titles: {Fault}")]
    public static partial void StatisticsFull(ILogger log, LogText fault);

    [LoggerMessage(900, LogLevel.Error, "{Peer} closed: unhandled exception")]
    public static partial void InternalError(ILogger log, EndPoint? peer, Exception fault);

    [LoggerMessage(901, LogLevel.Error, "a loop met an unhandled exception and goes on")]
    public static partial void LoopFault(ILogger log, Exception fault);

    [LoggerMessage(902, LogLevel.Error, "a part of a file was not read: unhandled exception")]
    public static partial void ReadFault(ILogger log, Exception fault);
}
