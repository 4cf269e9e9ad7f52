using Mapwire.Server.Sources;

namespace Mapwire.Server.Tests.Sources;

/// <summary>Brings nothing until it is told to, whatever is in memory.</summary>
internal sealed class ToldReader() : DeviceReader("test")
{
    private readonly List<PresenceRequest> _asked = [];

    public override bool AllowsFinding => false;

    public override void Add(PresenceRequest request) => _asked.Add(request);

    /// <summary>Brings what was asked for so far.</summary>
    public void BringAll()
    {
        PresenceRequest[] asked = [.. _asked];
        _asked.Clear();
        foreach (PresenceRequest request in asked)
        {
            request.Source.Bring(request, isCold: true);
        }
    }
}
