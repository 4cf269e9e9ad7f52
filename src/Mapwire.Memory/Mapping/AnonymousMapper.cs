namespace Mapwire.Memory;

/// <summary>Checks what is asked of anonymous memory.</summary>
internal static class AnonymousMapper
{
    public static MappedRegion Map(long length, MapOptions options)
    {
        options.RequireKnownValues();
        if (options.Sharing != MapSharing.Shared)
        {
            throw new ArgumentException(
                $"Sharing must be Shared for anonymous memory, which is the process's own anyway (was {options.Sharing}).",
                nameof(options));
        }

        if (options.HugePages == HugePages.Explicit)
        {
            PlatformCapabilities.Require(MemoryCapability.ExplicitHugePages);
            if (options.GuardPages > 0 || options.Reserve > 0)
            {
                throw new ArgumentException("HugePages.Explicit cannot be combined with GuardPages or Reserve.", nameof(options));
            }
        }
        else if (options.HugePages == HugePages.Transparent)
        {
            PlatformCapabilities.Require(MemoryCapability.TransparentHugePages);
        }

        MemoryAccess access = options.Access ?? MemoryAccess.ReadWrite;
        if ((access & MemoryAccess.Write) != 0)
        {
            access |= MemoryAccess.Read;
        }

        return RegionMapper.Map(null, 0, length, access, options);
    }
}
