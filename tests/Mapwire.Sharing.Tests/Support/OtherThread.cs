using Xunit;

namespace Mapwire.Sharing.Tests.Support;

/// <summary>A thread of its own for one action.</summary>
internal static class OtherThread
{
    /// <summary>Runs an action on a new thread, which has ended when this returns, and fails if it threw.</summary>
    public static void Run(Action action)
    {
        Exception? failure = null;
        Thread thread = new(() =>
        {
            try
            {
                action();
            }
            catch (Exception exception)
            {
                failure = exception;
            }
        });
        thread.Start();
        thread.Join();
        Assert.Null(failure);
    }
}
