using System.Net;
using Tidegate.Membership.Hosting;

namespace Tidegate.Membership.Tests.Hosting;

/// <summary>What users of the library are told, and what they are not where they are too slow.</summary>
public sealed class TellerTests
{
    private const int Capacity = 4;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Lock _gate = new();
    private readonly LogLines _log = new();
    private readonly Teller _teller;
    private readonly List<string> _told = [];
    private MemberView _view = MemberView.Empty;

    public TellerTests()
    {
        _teller = new Teller(_gate, () => Volatile.Read(ref _view), _log, new WarningLog(_log, TimeProvider.System), Capacity);
        _teller.MemberChanged += change => _told.Add($"{change.Kind} {change.Member.Name}");
        _teller.EventReceived += received => _told.Add(received.Name);
    }

    [Fact]
    public async Task A_handler_that_throws_keeps_nobody_from_being_told()
    {
        List<string> second = [];
        _teller.EventReceived += _ => throw new InvalidOperationException("a defect");
        _teller.EventReceived += received => second.Add(received.Name);
        _teller.Start();
        Tell(new UserEvent("one", default, false));
        Tell(new UserEvent("two", default, false));
        await _teller.EndAsync().WaitAsync(Patience);
        Assert.Equal(["one", "two"], _told);
        Assert.Equal(["one", "two"], second);
        Assert.Equal(2, _log.All.Count(line => line.StartsWith("Error: A handler", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task What_found_no_room_is_told_later_as_what_it_came_to()
    {
        // Nothing is taken out of the line before it has begun.
        Change(MemberEventKind.Up, "kept", MemberState.Alive);
        Change(MemberEventKind.Up, "leaver", MemberState.Alive);
        Change(MemberEventKind.Up, "gone", MemberState.Alive);
        Tell(new UserEvent("event", default, false));

        Tell(new UserEvent("lost", default, false));
        Change(MemberEventKind.Up, "late", MemberState.Alive);
        Change(MemberEventKind.Failed, "late", MemberState.Failed);
        Change(MemberEventKind.Left, "leaver", MemberState.Left);
        Change(MemberEventKind.Up, "new", MemberState.Alive);
        Forget("gone");
        Assert.Equal(6, _teller.NotTold);

        List<MemberView> views = [];
        _teller.ViewChanged += views.Add;
        _teller.Start();
        await _teller.EndAsync().WaitAsync(Patience);

        Assert.Equal(["Up kept", "Up leaver", "Up gone", "event", "Failed late", "Left leaver", "Up new", "Forgotten gone"], _told);
        Assert.Equal(_view, views[^1]);
        Assert.Contains(_log.All, line => line.StartsWith($"Warning: {Capacity} changes", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_member_that_is_forgotten_while_there_is_no_room_is_told_to_be_gone_even_if_nothing_else_changed()
    {
        Change(MemberEventKind.Up, "gone", MemberState.Alive);
        for (int i = 1; i < Capacity; i++)
        {
            Tell(new UserEvent("event", default, false));
        }

        Forget("gone");
        _teller.Start();
        await _teller.EndAsync().WaitAsync(Patience);
        Assert.Equal("Forgotten gone", _told[^1]);
    }

    private void Change(MemberEventKind kind, string name, MemberState state)
    {
        MemberInfo member = new() { Name = name, EndPoint = new IPEndPoint(IPAddress.Loopback, 1), State = state, Since = DateTimeOffset.UnixEpoch };
        _view = _view.With(member);
        Tell(new MemberEvent(kind, member));
    }

    private void Forget(string name)
    {
        MemberInfo last = _view.Find(name)!;
        _view = _view.Without(name);
        Tell(new MemberEvent(MemberEventKind.Forgotten, last));
    }

    private void Tell(object notice)
    {
        lock (_gate)
        {
            _teller.Tell(notice);
        }
    }
}
