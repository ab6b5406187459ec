using System.Net;
using System.Runtime.CompilerServices;

namespace Tidegate.Membership.Tests.Members;

/// <summary>Members in this process, on loopback addresses; all are disposed together.</summary>
internal sealed class TestMembers : IAsyncDisposable
{
    internal const string Key = "pUqJrVyVRj5jsiYEkM/tFQYfWyJIv4s3XkvDwy7Cu5s=";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly List<Member> _members = [];

    internal async Task<Member> StartAsync(string name, Member? seed = null, Func<MemberOptions, MemberOptions>? change = null)
    {
        MemberOptions options = new()
        {
            ClusterName = "test",
            Name = name,
            Listen = new IPEndPoint(IPAddress.Loopback, 0),
            Discovery = seed is null ? [] : [$"tcp://{seed.EndPoint}"],
        };
        Member member = await Member.StartAsync(change is null ? options : change(options));
        _members.Add(member);
        return member;
    }

    /// <summary>Waits until what <paramref name="member"/> sees is as wanted.</summary>
    internal static async Task UntilAsync(Member member, Func<MemberView, bool> wanted, [CallerArgumentExpression(nameof(wanted))] string what = "")
    {
        TaskCompletionSource seen = new(TaskCreationOptions.RunContinuationsAsynchronously);
        void Look(MemberView view)
        {
            if (wanted(view))
            {
                seen.TrySetResult();
            }
        }

        member.Changed += Look;
        try
        {
            Look(member.View);
            await seen.Task.WaitAsync(Patience);
        }
        catch (TimeoutException)
        {
            Assert.Fail($"{member.Name} did not come to see {what}, but: {string.Join("; ", member.View.Members)}");
        }
        finally
        {
            member.Changed -= Look;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (Member member in _members)
        {
            await member.DisposeAsync();
        }
    }
}
