namespace Mapwire.Memory;

/// <summary>Checks what is asked of anonymous memory.</summary>
internal static class AnonymousMapper
{
    public static MappedRegion Map(long length, MapOptions options)
    {
        if (options.Sharing != MapSharing.Shared)
        {
            throw new ArgumentException("Anonymous memory has no file to keep unchanged.", nameof(options));
        }

        if (options.HugePages == HugePages.Explicit)
        {
            PlatformCapabilities.Require(MemoryCapability.ExplicitHugePages);
            if (options.GuardPages > 0 || options.Reserve > 0)
            {
                throw new ArgumentException("Explicit huge pages have neither guard pages nor a reserve.", nameof(options));
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

        return RegionMapper.Map(null, null, 0, length, access, options);
    }
}
