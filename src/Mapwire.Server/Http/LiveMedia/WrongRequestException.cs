namespace Mapwire.Server.Http.LiveMedia;

/// <summary>A request that makes no sense, with the reason in words for who sent it, a clause without a full stop.</summary>
internal sealed class WrongRequestException(string reason) : Exception(reason);
