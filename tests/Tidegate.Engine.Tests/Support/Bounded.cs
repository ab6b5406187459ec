using System.Diagnostics;

namespace Tidegate.Engine.Tests.Support;

/// <summary>Waits for what must happen, with a bound that only a defect reaches.</summary>
internal static class Bounded
{
    internal static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    internal static T Result<T>(Task<T> task)
    {
        Assert.True(task.Wait(Limit), "what was waited for did not happen");
        return task.Result;
    }

    internal static void Wait(Task task) => Assert.True(task.Wait(Limit), "what was waited for did not happen");

    /// <summary>Looks again and again until <paramref name="condition"/> holds.</summary>
    internal static void Until(Func<bool> condition, string what)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < Limit, $"this never came true: {what}");
            Thread.Sleep(1);
        }
    }

    /// <summary>Runs what blocks on a thread of its own, so that a full thread pool can not hold it up.</summary>
    internal static Task Start(Action action)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            try
            {
                action();
                done.SetResult();
            }
            catch (Exception exception)
            {
                done.SetException(exception);
            }
        })
        { IsBackground = true };
        thread.Start();
        return done.Task;
    }
}
