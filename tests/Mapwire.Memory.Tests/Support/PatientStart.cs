using System.ComponentModel;
using System.Diagnostics;

namespace Mapwire.Memory.Tests.Support;

/// <summary>Starts processes where the system may fail to for reasons of its own.</summary>
internal static class PatientStart
{
    /// <summary>
    /// ERROR_INTERNAL_ERROR. Of some thousand processes on a busy machine, Wine 8 fails to start one so; the same call goes well then.
    /// </summary>
    private const int InternalError = 1359;

    private const int Tries = 3;

    public static Process Of(ProcessStartInfo start)
    {
        for (int tried = 1; ; tried++)
        {
            try
            {
                return Process.Start(start)!;
            }
            catch (Win32Exception failure) when (NotUnderWineFactAttribute.IsWine && failure.NativeErrorCode == InternalError
                && tried < Tries)
            {
                Thread.Sleep(100);
            }
        }
    }
}
