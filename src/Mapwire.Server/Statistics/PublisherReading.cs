using Mapwire.Memory.Sharing;

namespace Mapwire.Server.Statistics;

/// <summary>Reads publishers' places.</summary>
internal static class PublisherReading
{
    /// <summary>Looks before a version that does not become even is its writer's who was stopped or killed in the middle.</summary>
    private const int MostLooks = 100;

    /// <summary>Reads a place; null if it is free.</summary>
    public static PublisherFigures? Of(SharedMemory memory, long place)
    {
        PublisherFigures figures = default;
        for (int look = 0; look < MostLooks; look++)
        {
            figures = memory.Read<PublisherFigures>(place);
            Volatile.ReadBarrier();
            if (figures.Version % 2 == 0 && figures.Version == memory.Read<uint>(place))
            {
                break;
            }

            Thread.SpinWait(10);
        }

        return figures.PlayerId == 0 ? null : figures;
    }
}
