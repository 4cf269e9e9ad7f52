using System.Runtime.CompilerServices;

namespace Mapwire.Sharing.Tests.Processes;

/// <summary>A value that is too long to be stored at once; whole if all its parts are alike.</summary>
[InlineArray(8)]
internal struct Octet
{
    private long _first;

    public static Octet Of(long value)
    {
        Octet octet = default(Octet);
        for (int i = 0; i < 8; i++)
        {
            octet[i] = value;
        }

        return octet;
    }

    public readonly bool IsWhole
    {
        get
        {
            for (int i = 1; i < 8; i++)
            {
                if (this[i] != this[0])
                {
                    return false;
                }
            }

            return true;
        }
    }
}
