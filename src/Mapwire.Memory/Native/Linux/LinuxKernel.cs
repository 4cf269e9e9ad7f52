using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Mapwire.Memory.Native.Posix;

namespace Mapwire.Memory.Native.Linux;

/// <summary>What the running kernel, and a filter that a container puts before it, can do: each asked once, when first needed.</summary>
internal sealed unsafe class LinuxKernel
{
    private readonly ConcurrentDictionary<MemoryCapability, string?> _answers = new();

    /// <summary>The reason why it cannot do something, or null.</summary>
    public string? GetUnsupportedReason(MemoryCapability capability) => _answers.GetOrAdd(capability, Ask);

    private static string? Ask(MemoryCapability capability) => capability switch
    {
        MemoryCapability.GuardedAccess => AskForCopy(),
        MemoryCapability.TransparentHugePages
            or MemoryCapability.AdviseHugePages => AskFor(MemoryAdvice.HugePages, "2.6.38, if built with CONFIG_TRANSPARENT_HUGEPAGE"),
        MemoryCapability.ExplicitHugePages => Directory.Exists("/sys/kernel/mm/hugepages")
            ? null
            : "This kernel is built without huge pages (CONFIG_HUGETLBFS).",
        MemoryCapability.AdviseNormal => AskFor(MemoryAdvice.Normal, ""),
        MemoryCapability.AdviseSequential => AskFor(MemoryAdvice.Sequential, ""),
        MemoryCapability.AdviseRandom => AskFor(MemoryAdvice.Random, ""),
        MemoryCapability.AdviseWillNeed => AskFor(MemoryAdvice.WillNeed, ""),
        MemoryCapability.AdviseDontNeed or MemoryCapability.DiscardPrivateFile => AskFor(MemoryAdvice.DontNeed, ""),
        MemoryCapability.AdviseFree => AskFor(MemoryAdvice.Free, "4.5"),
        MemoryCapability.AdviseCold => AskFor(MemoryAdvice.Cold, "5.4"),
        MemoryCapability.AdvisePageOut => AskFor(MemoryAdvice.PageOut, "5.4"),
        MemoryCapability.AdvisePopulateRead => AskFor(MemoryAdvice.PopulateRead, "5.14"),
        MemoryCapability.AdvisePopulateWrite => AskFor(MemoryAdvice.PopulateWrite, "5.14"),
        MemoryCapability.AdviseDontDump => AskFor(MemoryAdvice.DontDump, "3.4"),
        _ => null,
    };

    /// <summary>Asks with a range of no bytes: the kernel looks at the advice first, and then has nothing to do.</summary>
    private static string? AskFor(MemoryAdvice advice, string since)
    {
        if (PosixCalls.Advise(0, 0, LinuxMemory.Number(advice)) == 0)
        {
            return null;
        }

        int error = Marshal.GetLastPInvokeError();
        string version = since.Length > 0 ? $" Linux has it since {since}." : "";
        return $"This kernel, or a filter of this container, refuses the advice {advice} (madvise, error {error}).{version}";
    }

    private static string? AskForCopy()
    {
        long from = 1;
        long to = 0;
        // SAFETY: both vectors and what they point at are on this stack and used by the one call.
        IoVector remote = new(&from, sizeof(long));
        IoVector local = new(&to, sizeof(long));
        return LinuxCalls.ReadProcess(Environment.ProcessId, &local, 1, &remote, 1, 0) == sizeof(long)
            ? null
            : "Guarded access needs process_vm_readv on the own process, which a filter of this container forbids "
                + $"(error {Marshal.GetLastPInvokeError()}).";
    }
}
