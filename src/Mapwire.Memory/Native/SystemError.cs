using System.Runtime.InteropServices;

namespace Mapwire.Memory.Native;

/// <summary>Turns a system's error number into the exception that .NET programs expect for it.</summary>
internal static class SystemError
{
    private const int EPERM = 1;
    private const int ENOENT = 2;
    private const int EACCES = 13;
    private const int ENOTDIR = 20;
    private const int WindowsFileNotFound = 2;
    private const int WindowsPathNotFound = 3;
    private const int WindowsAccessDenied = 5;

    /// <param name="what">What was tried, as the start of a sentence: "Mapping 4096 bytes at offset 0".</param>
    /// <param name="error">errno or GetLastError.</param>
    /// <param name="hint">What to do about it, if anything is known.</param>
    /// <param name="path">The file, where one is named.</param>
    public static Exception From(string what, int error, string? hint = null, string? path = null)
    {
        string message = $"{what} failed: {Marshal.GetPInvokeErrorMessage(error).TrimEnd()} (error {error})."
            + (hint is null ? "" : $" {hint}");
        if (OperatingSystem.IsWindows())
        {
            return error switch
            {
                WindowsFileNotFound => new FileNotFoundException(message, path),
                WindowsPathNotFound => new DirectoryNotFoundException(message),
                WindowsAccessDenied => new UnauthorizedAccessException(message),
                _ => new IOException(message, unchecked((int)0x80070000) | error),
            };
        }

        return error switch
        {
            ENOENT or ENOTDIR => new FileNotFoundException(message, path),
            EPERM or EACCES => new UnauthorizedAccessException(message),
            _ => new IOException(message, error),
        };
    }
}
